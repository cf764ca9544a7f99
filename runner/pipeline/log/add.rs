//! `zwieback log add`: signed bundles go into the log as they are.

use std::path::{Path, PathBuf};

use serde_json::json;
use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::Refusal as AttestRefusal;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::key_directory::read_public;
use zwieback_trust::log::append::{Appended, Submission};
use zwieback_trust::log::believed::BelievedLog;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::Refusal;

use super::{init, place};
use crate::cli::args::global::Global;
use crate::cli::args::log::AddArgs;
use crate::cli::commands::evidence;
use crate::cli::exit;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::gate::log_memory;

/// Runs the command: all of the bundles are appended, or none.
pub fn run(global: &Global, args: &AddArgs) -> Result<u8, Failure> {
    let log = LogDir::open(&args.folder)?;
    let keys = args.key.iter().map(|it| read_key(it));
    let keys = keys.collect::<Result<Vec<PublicKey>, Failure>>()?;
    let batch = args.bundles.iter().map(|it| submission(it, &keys));
    let batch = batch.collect::<Result<Vec<Submission>, Failure>>()?;
    let signer = init::key(global, args.sign_key.as_ref())?;
    let memory = log_memory::of(&Dirs::of_user()?, log.key())?;
    let appended = log.append(&batch, signer.signer.as_ref(), &memory, clock::now())?;
    if args.in_place {
        let log = log.believe_own(&memory, clock::now())?;
        prove_in_place(&log, appended, &args.bundles)?;
    }
    tell(global, appended, &args.bundles)?;
    Ok(exit::DONE)
}

fn read_key(path: &Path) -> Result<PublicKey, Failure> {
    Ok(read_public(path)?)
}

/// The bundle with the first of the keys that confirms it; if none does, the last one's reason.
fn submission(path: &Path, keys: &[PublicKey]) -> Result<Submission, Failure> {
    let bundle = Bundle::parse(&evidence::read(path)?);
    let bundle = bundle.map_err(|it| LogError::from(Refusal::from(AttestRefusal::from(it))))?;
    let mut refused = None;
    for key in keys {
        match Submission::new(&bundle, key) {
            Ok(submission) => return Ok(submission),
            Err(refusal) => refused = Some(refusal),
        }
    }
    let refused = refused.context("no --key is named")?;
    Err(LogError::from(refused).into())
}

fn prove_in_place(
    log: &BelievedLog,
    appended: Appended,
    bundles: &[PathBuf],
) -> Result<(), Failure> {
    for (index, path) in (appended.first..).zip(bundles) {
        let proven = log.proven_bundle(index)?;
        replace(path, &proven.to_bytes()).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn tell(global: &Global, appended: Appended, bundles: &[PathBuf]) -> Result<(), Failure> {
    let size = appended.head.size;
    for (index, path) in (appended.first..).zip(bundles) {
        let sentence = format!("{} as entry {index}", path.display());
        let value = json!({ "index": index, "bundle": path, "size": size });
        place::tell(global, "Added", &sentence, &value)?;
    }
    Ok(())
}
