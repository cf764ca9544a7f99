//! `zwieback log add`: signed bundles go into the log as they are.

use std::path::{Path, PathBuf};

use serde_json::json;
use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::Refusal as AttestRefusal;
use zwieback_host::clock;
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::key_directory::read_public;
use zwieback_trust::log::append::{Appended, Submission};
use zwieback_trust::log::believed::BelievedLog;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::Refusal;

use super::session::{self, LogSession};
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, KeyChoice};
use crate::pipeline::gate::log_memory;
use crate::pipeline::trust::evidence;

/// What is added to which log.
#[derive(Clone, Debug)]
pub struct AddOptions {
    /// The log's folder.
    pub folder: PathBuf,
    /// Signed bundles.
    pub bundles: Vec<PathBuf>,
    /// The public keys that signed them.
    pub keys: Vec<PathBuf>,
    /// The key of the log.
    pub sign: KeyChoice,
    /// Whether the proof goes into each bundle's own file.
    pub in_place: bool,
}

/// Runs the command: all of the bundles are appended, or none.
pub fn run(session: &LogSession<'_>, options: &AddOptions) -> Ended {
    let log = LogDir::open(&options.folder)?;
    let keys = options.keys.iter().map(|path| read_public(path));
    let keys = keys.collect::<Result<Vec<PublicKey>, _>>()?;
    let batch = options.bundles.iter().map(|path| submission(path, &keys));
    let batch = batch.collect::<Result<Vec<Submission>, Failure>>()?;
    let signer = keyring::open(session.dirs, &options.sign)?;
    let memory = log_memory::of(session.dirs, log.key())?;
    let appended = log.append(&batch, signer.signer.as_ref(), &memory, clock::now())?;
    if options.in_place {
        let log = log.believe_own(&memory, clock::now())?;
        prove_in_place(&log, appended, &options.bundles)?;
    }
    tell(session, appended, &options.bundles)?;
    Ok(End::Done)
}

/// The bundle with the first of the keys that confirms it; if none does, the last one's reason.
fn submission(path: &Path, keys: &[PublicKey]) -> Result<Submission, Failure> {
    let bundle = Bundle::parse(&evidence::read(path)?);
    let bundle =
        bundle.map_err(|error| LogError::from(Refusal::from(AttestRefusal::from(error))))?;
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

fn tell(session: &LogSession<'_>, appended: Appended, bundles: &[PathBuf]) -> Result<(), Failure> {
    let size = appended.head.size;
    for (index, path) in (appended.first..).zip(bundles) {
        let sentence = format!("{} as entry {index}", path.display());
        let value = json!({ "index": index, "bundle": path, "size": size });
        session::tell(session.screen, "Added", sentence, &value)?;
    }
    Ok(())
}
