//! Chapter: the signatures of several keepers under one document, as far as their keys are at hand.

use std::path::Path;

use zwieback_attest::dsse::{Envelope, MOST_SIGNATURES};
use zwieback_attest::key_id::KeyId;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::error::SignError;

use super::root_memory::RootStateError;
use super::root_state::write;
use crate::pipeline::context::keyring::{self, KeyChoice, KeyringError};

/// Why a document was not signed.
#[derive(Debug, thiserror::Error)]
pub enum CountersignError {
    /// There is no key to sign with.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// A key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] RootStateError),
}

/// Signs with every key chosen; the keys that signed are returned.
pub fn countersign(
    envelope: &mut Envelope,
    keys: &[KeyChoice],
    dirs: &Dirs,
) -> Result<Vec<KeyId>, CountersignError> {
    let mut signed = Vec::new();
    for key in keys {
        let signer = keyring::open(dirs, key)?.signer;
        let signature = signer.sign(&envelope.pae())?;
        let added = envelope.countersign(signer.public_key(), signature);
        added.map_err(SignError::from)?;
        signed.push(signer.public_key().id());
    }
    Ok(signed)
}

/// Refuses a document with more signatures than are read again.
pub fn check_count(envelope: &Envelope) -> Result<(), Refusal> {
    let count = envelope.signatures.len();
    if count > MOST_SIGNATURES {
        let saw = format!("{count} signatures, and {MOST_SIGNATURES} are the most");
        return Err(Refusal::new(Reason::SignatureCount, saw));
    }
    Ok(())
}

/// Writes the document, whole or not at all.
pub fn keep(envelope: &Envelope, file: &Path) -> Result<(), CountersignError> {
    Ok(write(file, &envelope.to_bytes())?)
}

impl CountersignError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Key(error) => error.hint(),
            Self::Sign(error) => error.hint(),
            Self::File(_) => None,
        }
    }
}
