//! A private key in memory, and its PKCS#8 PEM.

use std::fmt;

use ed25519_dalek::pkcs8::KeypairBytes;
use p256::ecdsa::signature::Signer as _;
use pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey, EncodePublicKey as _, LineEnding, PrivateKeyInfoRef,
    SecretDocument,
};
use zeroize::Zeroizing;
use zwieback_attest::public_key::{Algorithm, PublicKey, PublicKeyError};

use super::error::SignError;
use super::passphrase::Passphrase;
use super::signer::Signer;

/// The label of a PEM file whose key is encrypted (RFC 7468, section 11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// A private key. It is wiped from memory when it is dropped, and never printed.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
}

/// Why there is no private key.
#[derive(Debug, thiserror::Error)]
pub enum PrivateKeyError {
    /// The system gave no randomness.
    #[error("no randomness from the system: {0}")]
    Random(#[from] getrandom::Error),
    /// Not PKCS#8.
    #[error("no PKCS#8 key: {0}")]
    Pkcs8(#[from] pkcs8::Error),
    /// PEM of something else.
    #[error("PEM of a {0:?}, a PRIVATE KEY is expected")]
    Label(String),
    /// The key is encrypted and there is no passphrase.
    #[error("the key is encrypted, a passphrase is needed")]
    Encrypted,
    /// The passphrase does not open it.
    #[error("the passphrase does not open the key")]
    Passphrase,
    /// A key of another kind.
    #[error("the algorithm {0} is not taken: ECDSA P-256 or Ed25519 is expected")]
    Algorithm(String),
    /// The public half is not one we take.
    #[error(transparent)]
    Public(#[from] PublicKeyError),
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// Makes a key from the system's randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, PrivateKeyError> {
        Self::of(match algorithm {
            Algorithm::EcdsaP256 => Secret::P256(random_scalar()?),
            Algorithm::Ed25519 => {
                Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(&*random_bytes()?))
            }
        })
    }

    /// Whether a PEM file says that it takes a passphrase to open it.
    pub fn is_encrypted(pem: &str) -> bool {
        let first = format!("-----BEGIN {ENCRYPTED}-----");
        pem.lines().any(|line| line.trim_end() == first)
    }

    /// Reads a PEM file, with its passphrase if it is encrypted.
    pub fn from_pem(pem: &str, passphrase: Option<&Passphrase>) -> Result<Self, PrivateKeyError> {
        let (label, document) = SecretDocument::from_pem(pem).map_err(pkcs8::Error::from)?;
        let document = match label {
            "PRIVATE KEY" => document,
            ENCRYPTED => decrypt(&document, passphrase)?,
            _ => return Err(PrivateKeyError::Label(label.to_owned())),
        };
        let info = PrivateKeyInfoRef::try_from(document.as_bytes())?;
        let oid = info.algorithm.oid;
        Self::of(if oid == p256::elliptic_curve::ALGORITHM_OID {
            Secret::P256(p256::ecdsa::SigningKey::from_pkcs8_der(
                document.as_bytes(),
            )?)
        } else if oid == ed25519_dalek::pkcs8::ALGORITHM_OID {
            let key = ed25519_dalek::SigningKey::from_pkcs8_der(document.as_bytes())?;
            Secret::Ed25519(key)
        } else {
            return Err(PrivateKeyError::Algorithm(oid.to_string()));
        })
    }

    /// The PEM file, encrypted if there is a passphrase.
    pub fn to_pem(
        &self,
        passphrase: Option<&Passphrase>,
    ) -> Result<Zeroizing<String>, PrivateKeyError> {
        let pem = match &self.secret {
            Secret::P256(key) => encode(key, passphrase),
            // OpenSSL before 3.5 refuses a PKCS#8 file with the public half in it (RFC 5958 v2).
            Secret::Ed25519(key) => encode(
                &KeypairBytes {
                    secret_key: key.to_bytes(),
                    public_key: None,
                },
                passphrase,
            ),
        };
        Ok(pem?)
    }

    fn of(secret: Secret) -> Result<Self, PrivateKeyError> {
        let document = match &secret {
            Secret::P256(key) => key.verifying_key().to_public_key_der(),
            Secret::Ed25519(key) => key.verifying_key().to_public_key_der(),
        };
        let document = document.map_err(pkcs8::Error::from)?;
        let public = PublicKey::from_der(document.as_bytes())?;
        Ok(Self { secret, public })
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Both algorithms derive their nonces from key and message (RFC 6979, RFC 8032): the same
    /// statement has the same bundle, and poor randomness cannot give the key away.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(match &self.secret {
            Secret::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public.id())
    }
}

impl PrivateKeyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Label(label) if label == "EC PRIVATE KEY" => {
                Some("`openssl pkcs8 -topk8 -nocrypt -in FILE` turns it into PKCS#8".into())
            }
            Self::Algorithm(_) => Some("`zwieback key generate` makes a key of either kind".into()),
            _ => None,
        }
    }
}

fn encode(
    key: &impl EncodePrivateKey,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<String>, pkcs8::Error> {
    match passphrase {
        Some(passphrase) => key.to_pkcs8_encrypted_pem(passphrase.as_bytes(), LineEnding::LF),
        None => key.to_pkcs8_pem(LineEnding::LF),
    }
}

fn decrypt(
    document: &SecretDocument,
    passphrase: Option<&Passphrase>,
) -> Result<SecretDocument, PrivateKeyError> {
    let passphrase = passphrase.ok_or(PrivateKeyError::Encrypted)?;
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())?;
    info.decrypt(passphrase.as_bytes())
        .map_err(|_| PrivateKeyError::Passphrase)
}

/// About one in 2³² random numbers is zero or not below the order of the curve.
fn random_scalar() -> Result<p256::ecdsa::SigningKey, PrivateKeyError> {
    loop {
        let bytes = random_bytes()?;
        if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&*bytes) {
            return Ok(key);
        }
    }
}

fn random_bytes() -> Result<Zeroizing<[u8; 32]>, PrivateKeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::EcdsaP256, Algorithm::Ed25519];

    #[test]
    fn keys_sign_what_their_public_half_confirms() {
        for algorithm in BOTH {
            let key = PrivateKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert_eq!(key.public_key().confirm(b"message", &signature), Ok(()));
            assert_eq!(key.sign(b"message").unwrap(), signature, "deterministic");
        }
    }

    #[test]
    fn pem_round_trips() {
        for algorithm in BOTH {
            let key = PrivateKey::generate(algorithm).unwrap();
            let read = PrivateKey::from_pem(&key.to_pem(None).unwrap(), None).unwrap();
            assert_eq!(read.public_key(), key.public_key());
        }
    }

    #[test]
    fn an_encrypted_key_needs_its_passphrase() {
        let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
        let passphrase = Passphrase::new("correct horse".into());
        let pem = key.to_pem(Some(&passphrase)).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        let read = |passphrase: Option<&Passphrase>| PrivateKey::from_pem(&pem, passphrase);
        assert_eq!(
            read(Some(&passphrase)).unwrap().public_key(),
            key.public_key()
        );
        assert!(PrivateKey::is_encrypted(&pem));
        assert!(matches!(read(None), Err(PrivateKeyError::Encrypted)));
        let wrong = Passphrase::new("battery staple".into());
        assert!(matches!(
            read(Some(&wrong)),
            Err(PrivateKeyError::Passphrase)
        ));
    }

    #[test]
    fn secrets_are_not_printed() {
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let id = key.public_key().id().to_string();
        assert_eq!(format!("{key:?}"), format!("PrivateKey({id})"));
        let passphrase = Passphrase::new("secret".into());
        assert_eq!(format!("{passphrase:?}"), "Passphrase");
    }
}
