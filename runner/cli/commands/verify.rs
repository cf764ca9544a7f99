//! `zwieback verify`: artifacts against their signed provenance, or a verifier's summary, offline.

use std::mem;
use std::path::Path;

use zwieback_attest::folder::Leave;
use zwieback_attest::policy::summary::Verifier;
use zwieback_attest::vsa::Summary;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;

use crate::cli::args::global::Global;
use crate::cli::args::trust::VerifyArgs;
use crate::cli::commands::verdict;
use crate::cli::commands::verdict::LookedAt;
use crate::cli::screen::answers::Answers;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring;
use crate::pipeline::trust::evidence::{self, EvidenceOptions};
use crate::pipeline::trust::folder::Held;
use crate::pipeline::trust::folder_terms::Evidence;
use crate::pipeline::trust::logged;
use crate::pipeline::trust::tree_file::TreeFiles;
use crate::pipeline::trust::verify::{Answer, Asked, Needs, believe, summary, verify};

/// Who verifies, where the configuration does not say.
const VERIFIER: &str = "https://zwieback.example/verifier/v1";
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Runs the command.
pub fn run(global: &Global, args: &VerifyArgs) -> Result<u8, Failure> {
    let outcome = match &args.summary.summary {
        Some(file) => believed(args, file)
            .and_then(|(what, summary)| verdict::believed(global, &what, &summary)),
        None => decided(global, args).and_then(|(asked, answer)| {
            let what = looked_at(&asked, &answer.held);
            let said = verdict::accepted(global, &what, &answer, &asked.trust);
            // The process ends: to take a thousand statements apart before would be for nothing.
            mem::forget(answer);
            said
        }),
    };
    outcome.or_else(|error| verdict::refused_or(global, error))
}

fn decided(global: &Global, args: &VerifyArgs) -> Result<(Asked, Answer), Failure> {
    let asked = asked(args)?;
    let answer = verify(&asked)?;
    if let Some(belief) = args.logged.belief() {
        let screen = Answers::new(global);
        logged::check(&belief, &asked.bundles, asked.now, &screen)?;
    }
    answer.verdict()?;
    if let Some(file) = &args.vsa {
        write_summary(global, args, (&asked, &answer), file)?;
    }
    Ok((asked, answer))
}

fn believed(args: &VerifyArgs, file: &Path) -> Result<(LookedAt, Summary), Failure> {
    let mut asked = asked(args)?;
    let bytes = evidence::read(file)?;
    asked.evidence.push(Evidence::of(&bytes));
    asked.trees = TreeFiles::beside([&file.to_owned()]);
    let needs = Needs {
        resource: args.resource.as_deref().unwrap_or_default(),
        level: args.summary.level.try_into()?,
        properties: &args.summary.property,
        unsigned_policy: args.unsigned.unsigned_policy,
        max_age: args.summary.max_age.map(|days| i64::from(days) * DAY),
    };
    let (summary, held) = believe(&bytes, &asked, &needs)?;
    Ok((looked_at(&asked, &held), summary))
}

fn looked_at(asked: &Asked, held: &[Held]) -> LookedAt {
    LookedAt {
        files: asked.artifacts.len() + held.iter().map(|it| it.files.len()).sum::<usize>(),
        leave: asked.leave,
        is_unsaid: held.iter().any(|it| it.is_unsaid),
    }
}

fn asked(args: &VerifyArgs) -> Result<Asked, Failure> {
    let mut asked = evidence::asked(&EvidenceOptions {
        artifacts: args.artifacts.clone(),
        bundles: args.bundle.clone(),
        trust: args.trust.options(),
        environment: args.environment.clone(),
    })?;
    asked.leave = Leave {
        modes: args.leave.ignore_mode,
        missing: args.leave.subset,
    };
    if let Some(policy) = &args.policy {
        asked.policy = Some(evidence::policy(policy, args.unsigned.choice(), &asked)?);
    }
    Ok(asked)
}

fn write_summary(
    global: &Global,
    args: &VerifyArgs,
    (asked, answer): (&Asked, &Answer),
    file: &Path,
) -> Result<(), Failure> {
    let dirs = Dirs::of_user()?;
    let sign = load_config(global, &dirs)?.sign;
    let policy = args.policy.as_deref().and_then(Path::file_name);
    let policy_uri = format!("file:{}", policy.unwrap_or_default().to_string_lossy());
    let verifier = Verifier {
        id: sign.verifier_id.as_deref().unwrap_or(VERIFIER),
        resource: args.resource.as_deref().unwrap_or_default(),
        policy_uri: &policy_uri,
    };
    let keyring = keyring::open(&dirs, &sign.choice(args.sign_key.as_ref()))?;
    let bundle = summary(asked, answer, verifier, keyring.signer.as_ref())?;
    let bundle = bundle.context("a summary needs a policy")?;
    replace(file, &bundle.to_bytes()).with_context(|| file.display().to_string())
}
