//! A trust root as a file: read, changed, signed by whoever must sign, and written beside the old one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use zwieback_core::attest::public_key::PublicKey;
use zwieback_core::attest::reason::Refusal;
use zwieback_core::attest::root_chain::{open, root_file, root_pae, succeed};
use zwieback_core::attest::trust_root::TrustRoot;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::signer::SignError;

use super::keyring::{self, KeyringError};
use super::root_state::{RootStateError, write};

/// Why a root was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RootFileError {
    /// The old root does not count, or the new one would not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] RootStateError),
    /// There is no key to sign with.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// A key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The root of a file; none if there is no file.
pub fn read(path: &Path) -> Result<Option<TrustRoot>, RootFileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(open(&bytes)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io(path, source).into()),
    }
}

/// Signs a root with every key given and puts it in the place of the one before, which stays as
/// `<file>.v<version>`. Nothing is written unless it counts as the successor.
pub fn replace(
    path: &Path,
    previous: Option<&TrustRoot>,
    root: &TrustRoot,
    keys: &[PathBuf],
    dirs: &Dirs,
) -> Result<(), RootFileError> {
    let own = [None];
    let named: Vec<Option<&Path>> = keys.iter().map(|key| Some(key.as_path())).collect();
    let named = if named.is_empty() { &own[..] } else { &named };
    let pae = root_pae(root);
    let sign = |key: Option<&Path>| -> Result<(PublicKey, Vec<u8>), RootFileError> {
        let signer = keyring::open(dirs, key)?.signer;
        Ok((signer.public_key().clone(), signer.sign(&pae)?))
    };
    let signatures = named
        .iter()
        .copied()
        .map(sign)
        .collect::<Result<Vec<_>, _>>()?;
    let bytes = root_file(root, &signatures);
    match previous {
        Some(previous) => {
            succeed(previous, &bytes)?;
            let mut kept = path.as_os_str().to_owned();
            kept.push(format!(".v{}", previous.version));
            fs::copy(path, &kept).map_err(|source| io(path, source))?;
        }
        None => drop(open(&bytes)?),
    }
    Ok(write(path, &bytes)?)
}

impl RootFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(_) => Some(
                "the quorum must sign, after a rotation the old and the new: --sign-key names each"
                    .into(),
            ),
            Self::Key(error) => error.hint(),
            Self::Sign(error) => error.hint(),
            Self::File(_) => None,
        }
    }
}

fn io(path: &Path, source: std::io::Error) -> RootStateError {
    let path = path.to_owned();
    RootStateError::Io { path, source }
}
