//! What can sign, and a statement's way through it.

use zwieback_core::attest::bundle::Bundle;
use zwieback_core::attest::dsse::Draft;
use zwieback_core::attest::public_key::{PublicKey, SignatureError};
use zwieback_core::attest::statement::Statement;

use super::external::ExternalError;
use super::pkcs11::Pkcs11Error;

/// Something that has a private key and signs with it.
pub trait Signer {
    /// The public half of its key.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message: DER of r and s for ECDSA P-256 over SHA-256, 64 bytes for Ed25519.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The external signer did not sign.
    #[error(transparent)]
    External(#[from] ExternalError),
    /// The token did not sign.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11Error),
    /// What came back is no signature by the key.
    #[error("what the signer returned does not verify: {0}")]
    Unconfirmed(#[from] SignatureError),
}

/// Signs a statement and puts it into a bundle.
pub fn seal(statement: &Statement, signer: &dyn Signer) -> Result<Bundle, SignError> {
    let draft = Draft::of(statement);
    let signature = signer.sign(&draft.pae())?;
    Ok(Bundle::seal(draft, signer.public_key(), signature)?)
}

impl SignError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::External(error) => error.hint(),
            Self::Pkcs11(error) => error.hint(),
            Self::Unconfirmed(_) => {
                Some("the signer's public key may be that of another key: ask it again".into())
            }
        }
    }
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
