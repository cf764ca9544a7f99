//! A policy from a file: as its user wrote it, or signed by the keepers of the trust root.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use zwieback_core::attest::reason::{Reason, Refusal};
use zwieback_core::attest::trust::Trust;
use zwieback_core::attest::trust_root::TrustRoot;
use zwieback_core::digest::Digest;
use zwieback_core::policy::file::PolicyError;
use zwieback_core::policy::signed::{self, KnownPolicy};
use zwieback_host::dirs::Dirs;

use super::root_state::{RootStateError, write};

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It is signed, and does not count.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its text is no policy.
    #[error("{}: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PolicyError,
    },
    /// The newest version cannot be remembered.
    #[error(transparent)]
    State(#[from] RootStateError),
}

/// Reads a policy. A signed one is JSON, counts only under a trust root, and may not grow older.
pub fn open(
    dirs: &Dirs,
    path: &Path,
    bytes: &[u8],
    trust: &Trust,
) -> Result<KnownPolicy, PolicyFileError> {
    match (bytes.first(), trust) {
        (Some(b'{'), Trust::Root(root)) => signed_by(root, dirs, bytes),
        (Some(b'{'), Trust::Key(_)) => {
            let saw = "a signed policy is judged by a trust root: use --trust";
            Err(Refusal::new(Reason::PolicySignatures, saw).into())
        }
        _ => {
            let malformed = |error| Refusal::new(Reason::PolicyMalformed, error);
            let text = std::str::from_utf8(bytes).map_err(malformed)?;
            signed::unsigned(text).map_err(|source| PolicyFileError::Text {
                path: path.to_owned(),
                source,
            })
        }
    }
}

fn signed_by(root: &TrustRoot, dirs: &Dirs, bytes: &[u8]) -> Result<KnownPolicy, PolicyFileError> {
    let keys = root.quorum.keys.iter().map(|key| key.id().to_string());
    let keys = keys.collect::<Vec<_>>().join("\n");
    let keepers = Digest::sha256(keys.as_bytes());
    let state = dirs.state.join("policies").join(keepers.to_hex());
    let newest = newest(&state)?;
    let known = signed::open(bytes, &root.quorum, newest)?;
    if known.policy.version() > newest {
        write(&state, known.policy.version().to_string().as_bytes())?;
    }
    Ok(known)
}

/// What cannot be read may not count as nothing: that would let an older policy in.
fn newest(state: &Path) -> Result<u64, RootStateError> {
    let failed = |source| RootStateError::Io {
        path: state.to_owned(),
        source,
    };
    match fs::read_to_string(state) {
        Ok(text) => (text.trim().parse())
            .map_err(|error| failed(io::Error::new(ErrorKind::InvalidData, error))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(failed(error)),
    }
}
