//! `zwieback bundle`: between the forms in which signed statements travel.

use std::fs;
use std::path::{Path, PathBuf};

use zwieback_attest::bundle::Bundle;
use zwieback_attest::import::import;
use zwieback_attest::json_lines;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::key_directory::read_public;
use zwieback_model::digest::Digest;

use super::evidence;
use crate::pipeline::context::failure::{About as _, Failure};

/// What was imported of a file.
#[derive(Debug)]
pub struct Imported {
    /// The bundles.
    pub files: Vec<PathBuf>,
    /// Why signatures were passed over, each with its code.
    pub passed_over: Vec<String>,
    /// Why there is no bundle at all.
    pub failure: Option<Failure>,
}

/// Each signature that a key confirms becomes a bundle, named by the digest of its own bytes.
pub fn import_file(file: &Path, keys: &[PathBuf], into: &Path) -> Result<Imported, Failure> {
    let keys = keys.iter().map(|key| read_public(key));
    let keys: Vec<PublicKey> = keys.collect::<Result<_, _>>()?;
    let imported = import(&evidence::read(file)?, &keys);
    let passed = imported.passed_over.iter();
    let passed = passed.map(|refusal| format!("{refusal} [{}]", refusal.reason.code()));
    let mut done = Imported {
        files: Vec::new(),
        passed_over: passed.collect(),
        failure: None,
    };
    if imported.bundles.is_empty() {
        let nothing = || Refusal::new(Reason::SignatureCount, "none");
        let first = imported.passed_over.into_iter().next();
        done.failure = Some(first.unwrap_or_else(nothing).into());
        return Ok(done);
    }
    if let Err(failure) = write(&imported.bundles, into, &mut done.files) {
        done.failure = Some(failure);
    }
    Ok(done)
}

fn write(bundles: &[Bundle], into: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    fs::create_dir_all(into).with_context(|| into.display().to_string())?;
    for bundle in bundles {
        let bytes = bundle.to_bytes();
        let path = into.join(format!("{}.sigstore.json", Digest::sha256(&bytes).short()));
        replace(&path, &bytes).with_context(|| path.display().to_string())?;
        files.push(path);
    }
    Ok(())
}

/// Bundles as lines of envelopes.
pub fn lines(paths: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let mut bundles = Vec::new();
    for path in paths {
        let bundle = Bundle::parse(&evidence::read(path)?).map_err(Refusal::from)?;
        bundles.push(bundle);
    }
    Ok(json_lines::write(bundles.iter().map(Bundle::envelope)))
}
