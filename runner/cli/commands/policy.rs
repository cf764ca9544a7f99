//! `zwieback policy`: which rule decided, and whether a policy decides as its tests say.

use crate::cli::args::global::Global;
use crate::cli::args::trust::{PolicyAction, PolicyArgs};
use crate::cli::commands::release;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::user;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::user::User;
use crate::pipeline::release::propose;
use crate::pipeline::trust::evidence::{self, EvidenceOptions};
use crate::pipeline::trust::policy_cases;
use crate::pipeline::trust::policy_file;
use crate::pipeline::trust::verify::{self, VerifyOptions};

/// Runs the command.
pub fn run(global: &Global, args: &PolicyArgs) -> Result<u8, Failure> {
    let screen = Answers::new(global);
    let ended = match &args.action {
        PolicyAction::Explain {
            policy,
            artifacts,
            evidence,
            unsigned,
            environment,
        } => {
            if evidence::are_long(artifacts) {
                user(global)?;
            }
            let options = VerifyOptions {
                evidence: EvidenceOptions {
                    artifacts: artifacts.clone(),
                    bundles: evidence.bundle.clone(),
                    trust: evidence.trust.options(),
                    environment: environment.clone(),
                },
                policy: Some(policy.clone()),
                unsigned: unsigned.choice(),
                ..VerifyOptions::default()
            };
            verify::explain(&options, &screen)?
        }
        PolicyAction::Digest(args) => propose::digest(&release::documents(args), &screen)?,
        PolicyAction::Propose { documents, say } => {
            return release::propose(global, documents, say);
        }
        PolicyAction::Sign {
            policy,
            sign_keys,
            output,
        } => {
            let User { dirs, config, .. } = user(global)?;
            let keys = config.sign.choices(sign_keys);
            policy_file::sign_here(policy, output, (&keys, &dirs), &screen)?
        }
        PolicyAction::Test {
            policy,
            cases,
            trust,
        } => policy_cases::run(policy, cases, &trust.options(), &screen)?,
    };
    Ok(answers::code(ended))
}
