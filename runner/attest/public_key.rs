//! Public keys: what they look like in a file, and what it takes for them to confirm a signature.

use std::fmt;
use std::sync::Arc;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::VerifyingKey as P256Key;
use p256::pkcs8::der::{Decode as _, Document, pem::LineEnding};
use p256::pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _, SubjectPublicKeyInfoRef};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::key_id::KeyId;

const PEM_LABEL: &str = "PUBLIC KEY";

/// A public key that can confirm signatures. A copy shares all of it: thousands of entries have one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    point: Point,
    der: Vec<u8>,
    pem: String,
    id: KeyId,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// ECDSA over P-256 and SHA-256, signatures in DER: every verifier takes it.
    EcdsaP256,
    /// Ed25519 of RFC 8032.
    Ed25519,
}

/// Bytes that are no key we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not PEM at all.
    #[error("no PEM: a block that starts with -----BEGIN PUBLIC KEY----- is expected")]
    Pem,
    /// PEM of something else, such as a private key or a certificate.
    #[error("PEM of a {0:?}, a PUBLIC KEY is expected")]
    Label(String),
    /// Not a `SubjectPublicKeyInfo` in DER.
    #[error("no SubjectPublicKeyInfo in DER")]
    Der,
    /// A key of another kind.
    #[error("the algorithm {0} is not taken: ECDSA P-256 or Ed25519 is expected")]
    Algorithm(String),
    /// A point that is not on the curve, or of so low an order that it confirms anything.
    #[error("a key that no one can have made honestly")]
    Weak,
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not in the form of the key's algorithm.
    #[error("the signature is malformed: {0} is expected")]
    Malformed(&'static str),
    /// Well formed, and not made by this key over these bytes.
    #[error("the signature was not made by this key over these bytes")]
    Mismatch,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Point {
    P256(P256Key),
    Ed25519(Ed25519Key),
}

/// DER of an ECDSA signature that may be raw: tokens and some services return r and s of 32 bytes
/// each, and every verifier expects DER.
pub fn ecdsa_der(signature: Vec<u8>) -> Vec<u8> {
    match p256::ecdsa::Signature::from_slice(&signature) {
        Ok(raw) => raw.to_der().as_bytes().to_vec(),
        Err(_) => signature,
    }
}

impl PublicKey {
    /// Reads a PEM file that holds one public key.
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        let (label, document) = Document::from_pem(text.trim()).map_err(|_| PublicKeyError::Pem)?;
        if label != PEM_LABEL {
            return Err(PublicKeyError::Label(label.to_owned()));
        }
        Self::from_der(document.as_bytes())
    }

    /// Reads a `SubjectPublicKeyInfo`.
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| PublicKeyError::Der)?;
        let algorithm = info.algorithm.oid;
        let point = if algorithm == p256::elliptic_curve::ALGORITHM_OID {
            let key = P256Key::from_public_key_der(der);
            key.map(Point::P256)
                .map_err(|_| PublicKeyError::Algorithm("of another elliptic curve".to_owned()))?
        } else if algorithm == ed25519_dalek::pkcs8::ALGORITHM_OID {
            let key = Ed25519Key::from_public_key_der(der).map_err(|_| PublicKeyError::Der)?;
            Point::Ed25519(key)
        } else {
            return Err(PublicKeyError::Algorithm(algorithm.to_string()));
        };
        Self::from_point(point)
    }

    /// How the key signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.0.point {
            Point::P256(_) => Algorithm::EcdsaP256,
            Point::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The name of the key: its fingerprint.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// The `SubjectPublicKeyInfo`, with the point uncompressed.
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The PEM file of the key.
    pub fn as_pem(&self) -> &str {
        &self.0.pem
    }

    /// Whether this key made that signature over these bytes.
    pub fn confirm(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match &self.0.point {
            Point::P256(key) => confirm_p256(key, message, signature),
            Point::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature)
                    .map_err(|_| SignatureError::Malformed("64 bytes"))?;
                let confirmed = key.verify_strict(message, &signature);
                confirmed.map_err(|_| SignatureError::Mismatch)
            }
        }
    }

    /// One key has one name, however its file spelt the point: the DER is written anew.
    fn from_point(point: Point) -> Result<Self, PublicKeyError> {
        let document = match &point {
            Point::P256(key) => key.to_public_key_der(),
            Point::Ed25519(key) if key.is_weak() => return Err(PublicKeyError::Weak),
            Point::Ed25519(key) => key.to_public_key_der(),
        };
        let document = document.map_err(|_| PublicKeyError::Der)?;
        let pem = document.to_pem(PEM_LABEL, LineEnding::LF);
        Ok(Self(Arc::new(Parts {
            id: KeyId::of(&ssh_blob(&point), document.as_bytes()),
            point,
            pem: pem.map_err(|_| PublicKeyError::Der)?,
            der: document.into_vec(),
        })))
    }
}

/// The key as SSH sends it (RFC 4253, section 6.6; RFC 5656, section 3.1; RFC 8709, section 4).
fn ssh_blob(point: &Point) -> Vec<u8> {
    match point {
        Point::P256(key) => {
            let point = key.to_sec1_point(false);
            ssh_strings(&[b"ecdsa-sha2-nistp256", b"nistp256", point.as_bytes()])
        }
        Point::Ed25519(key) => ssh_strings(&[b"ssh-ed25519", key.as_bytes()]),
    }
}

/// Strings as SSH sends them: each after its length (RFC 4251, section 5).
fn ssh_strings(strings: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for string in strings {
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(string);
    }
    bytes
}

/// `p256` says what a key and what a signature is; that this one was made by that key is what takes the
/// time, and `ring` finds it out in a sixth of it.
fn confirm_p256(key: &P256Key, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature = p256::ecdsa::DerSignature::from_bytes(signature)
        .map_err(|_| SignatureError::Malformed("a DER sequence of r and s"))?;
    let fixed =
        p256::ecdsa::Signature::try_from(signature).map_err(|_| SignatureError::Mismatch)?;
    let point = key.to_sec1_point(false);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.as_bytes())
        .verify(message, &fixed.to_bytes())
        .map_err(|_| SignatureError::Mismatch)
}

impl Algorithm {
    /// The name in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PublicKeyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Label(label) if label.ends_with("PRIVATE KEY") => Some(
                "this is a secret: `openssl pkey -in FILE -pubout` writes its public half".into(),
            ),
            Self::Label(_) => {
                Some("`openssl x509 -in FILE -noout -pubkey` extracts a certificate's key".into())
            }
            Self::Algorithm(_) => Some("`zwieback key generate` makes a key of either kind".into()),
            Self::Pem | Self::Der | Self::Weak => None,
        }
    }
}

#[cfg(test)]
#[path = "public_key_tests.rs"]
mod tests;
