//! The certificate of a time stamp authority, however it is spelt.

use der::{Decode as _, DecodePem as _, Encode as _};
use x509_cert::Certificate;

use super::path;
use crate::public_key::{PublicKey, PublicKeyError};

/// Bytes that are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// They are something else.
    #[error("neither PEM nor DER of one certificate: {0}")]
    Malformed(#[from] der::Error),
    /// They are one of a key that nothing here can check a signature by.
    #[error("the key of the certificate: {0}")]
    Key(#[from] PublicKeyError),
}

/// The DER of a certificate in PEM or DER.
pub fn to_der(bytes: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let certificate = if bytes.starts_with(b"-----") {
        Certificate::from_pem(bytes)
    } else {
        Certificate::from_der(bytes)
    };
    Ok(certificate.and_then(|certificate| certificate.to_der())?)
}

/// Whether bytes are meant as a certificate, and not as a public key.
pub fn is_meant(bytes: &[u8]) -> bool {
    !bytes.starts_with(b"-----") || bytes.starts_with(b"-----BEGIN CERTIFICATE")
}

/// The key that a certificate is about.
pub fn key(der: &[u8]) -> Result<PublicKey, CertificateError> {
    let certificate = Certificate::from_der(der)?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    Ok(PublicKey::from_der(&key.to_der()?)?)
}

/// Whether one certificate has issued the other.
pub fn has_issued(issuer: &[u8], der: &[u8]) -> bool {
    let (issuer, below) = (Certificate::from_der(issuer), Certificate::from_der(der));
    matches!((issuer, below), (Ok(issuer), Ok(below)) if path::has_issued(&issuer, &below))
}
