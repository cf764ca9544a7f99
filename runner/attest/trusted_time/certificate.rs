//! The certificate of a time stamp authority, however it is spelt.

use der::{Decode as _, DecodePem as _, Encode as _};
use x509_cert::Certificate;

/// Bytes that are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither PEM nor DER of one certificate: {0}")]
pub struct CertificateError(der::Error);

/// The DER of a certificate in PEM or DER.
pub fn to_der(bytes: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let certificate = if bytes.starts_with(b"-----") {
        Certificate::from_pem(bytes)
    } else {
        Certificate::from_der(bytes)
    };
    let der = certificate.and_then(|certificate| certificate.to_der());
    der.map_err(CertificateError)
}
