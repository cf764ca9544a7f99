//! `zwieback verify`: artifacts against their signed provenance, or a verifier's summary, offline.

use crate::cli::args::global::Global;
use crate::cli::args::trust::VerifyArgs;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::user;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::trust::evidence::{self, EvidenceOptions};
use crate::pipeline::trust::verify::{self, VerifyOptions, WriteOptions};

/// Runs the command.
pub fn run(global: &Global, args: &VerifyArgs) -> Result<u8, Failure> {
    // Who writes no summary needs no configuration, and whose artifacts are no longer than any others.
    let is_configured = args.vsa.is_some() || evidence::are_long(&args.artifacts);
    let user = is_configured.then(|| user(global)).transpose()?;
    let written = args.vsa.as_ref().zip(user.as_ref());
    let written = written.map(|(file, user)| WriteOptions {
        file: file.clone(),
        verifier: user.config.sign.verifier_id.clone(),
        key: user.config.sign.choice(args.sign_key.as_ref()),
        dirs: &user.dirs,
    });
    let options = VerifyOptions {
        evidence: EvidenceOptions {
            artifacts: args.artifacts.clone(),
            bundles: args.bundle.clone(),
            trust: args.trust.options(),
            environment: args.environment.clone(),
        },
        ignore_mode: args.leave.ignore_mode,
        subset: args.leave.subset,
        policy: args.policy.clone(),
        unsigned: args.unsigned.choice(),
        logged: args.logged.belief(),
        resource: args.resource.clone(),
        summary: args.summary.options(),
        written,
    };
    Ok(answers::code(verify::run(&options, &Answers::new(global))?))
}
