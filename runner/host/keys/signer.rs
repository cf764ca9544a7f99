//! What can sign, and a statement's way through it.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::dsse::Draft;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::statement::Statement;

use super::error::SignError;

/// Something that has a private key and signs with it.
pub trait Signer {
    /// The public half of its key.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message: DER of r and s for ECDSA P-256 over SHA-256, 64 bytes for Ed25519.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Signs a statement and puts it into a bundle.
pub fn seal(statement: &Statement, signer: &dyn Signer) -> Result<Bundle, SignError> {
    let draft = Draft::of(statement);
    let signature = signer.sign(&draft.pae())?;
    Ok(Bundle::seal(draft, signer.public_key(), signature)?)
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
