//! `zwieback verify`: artifacts against their signed provenance, offline.

use std::path::Path;

use anyhow::Context as _;
use zwieback_core::policy::summary::Verifier;
use zwieback_host::dirs::Dirs;

use crate::cli::args::global::Global;
use crate::cli::args::trust::VerifyArgs;
use crate::cli::commands::{evidence, logged, verdict};
use crate::cli::session::load_config;
use crate::pipeline::keyring;
use crate::pipeline::verify::{Answer, Asked, summary, verify};

/// Who verifies, where the configuration does not say.
const VERIFIER: &str = "https://zwieback.example/verifier/v1";

/// Runs the command.
pub fn run(global: &Global, args: &VerifyArgs) -> anyhow::Result<u8> {
    match decided(global, args) {
        Ok((asked, answer)) => verdict::accepted(global, asked.artifacts.len(), &answer),
        Err(error) => verdict::refused_or(global, error),
    }
}

fn decided(global: &Global, args: &VerifyArgs) -> anyhow::Result<(Asked, Answer)> {
    let mut asked = evidence::asked(&args.evidence, &args.artifacts, args.environment.as_deref())?;
    if let Some(policy) = &args.policy {
        asked.policy = Some(evidence::policy(policy, &asked.trust)?);
    }
    let answer = verify(&asked)?;
    logged::check(global, &args.logged, &asked.bundles, asked.now)?;
    answer.verdict()?;
    if let Some(file) = &args.vsa {
        write_summary(global, args, (&asked, &answer), file)?;
    }
    Ok((asked, answer))
}

fn write_summary(
    global: &Global,
    args: &VerifyArgs,
    (asked, answer): (&Asked, &Answer),
    file: &Path,
) -> anyhow::Result<()> {
    let dirs = Dirs::of_user()?;
    let sign = load_config(global, &dirs)?.sign;
    let policy = args.policy.as_deref().and_then(Path::file_name);
    let policy_uri = format!("file:{}", policy.unwrap_or_default().to_string_lossy());
    let verifier = Verifier {
        id: sign.verifier_id.as_deref().unwrap_or(VERIFIER),
        resource: args.resource.as_deref().unwrap_or_default(),
        policy_uri: &policy_uri,
    };
    let key = args.sign_key.clone().or(sign.key.clone());
    let keyring = keyring::open(&dirs, key.as_deref())?;
    let bundle = summary(asked, &answer.builds, verifier, keyring.signer.as_ref())?;
    let bundle = bundle.context("a summary needs a policy")?;
    std::fs::write(file, bundle.to_bytes()).with_context(|| file.display().to_string())
}
