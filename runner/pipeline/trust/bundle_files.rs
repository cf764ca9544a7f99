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
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::{About as _, Failure};

/// Each signature that a key confirms becomes a bundle, named by the digest of its own bytes.
pub fn import_file(file: &Path, keys: &[PathBuf], into: &Path, screen: &dyn Tell) -> Ended {
    let keys = keys.iter().map(|key| read_public(key));
    let keys: Vec<PublicKey> = keys.collect::<Result<_, _>>()?;
    let imported = import(&evidence::read(file)?, &keys);
    for refusal in &imported.passed_over {
        let code = refusal.reason.code();
        screen.tell(&Answer::Beside(format!("passed over: {refusal} [{code}]")))?;
    }
    if imported.bundles.is_empty() {
        let nothing = || Refusal::new(Reason::SignatureCount, "none");
        let first = imported.passed_over.into_iter().next();
        return Err(first.unwrap_or_else(nothing).into());
    }
    fs::create_dir_all(into).with_context(|| into.display().to_string())?;
    for bundle in &imported.bundles {
        let path = write(bundle, into)?;
        screen.tell(&Answer::Page(format!("{}\n", path.display())))?;
    }
    Ok(End::Done)
}

fn write(bundle: &Bundle, into: &Path) -> Result<PathBuf, Failure> {
    let bytes = bundle.to_bytes();
    let path = into.join(format!("{}.sigstore.json", Digest::sha256(&bytes).short()));
    replace(&path, &bytes).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Bundles as lines of envelopes.
pub fn lines(paths: &[PathBuf], screen: &dyn Tell) -> Ended {
    let mut bundles = Vec::new();
    for path in paths {
        let bundle = Bundle::parse(&evidence::read(path)?).map_err(Refusal::from)?;
        bundles.push(bundle);
    }
    let lines = json_lines::write(bundles.iter().map(Bundle::envelope));
    screen.tell(&Answer::File(lines))?;
    Ok(End::Done)
}
