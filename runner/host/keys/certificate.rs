//! Certificates of time stamp authorities, from PEM or DER files.

use std::io;
use std::path::{Path, PathBuf};

use zwieback_attest::public_key::PublicKey;
use zwieback_attest::trusted_time::certificate::{CertificateError, is_meant, key, to_der};

use crate::fs::given_file;

/// A certificate has a few thousand bytes.
const LARGEST: u64 = 64 << 10;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFileError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CertificateError,
    },
}

/// The DER of a certificate.
pub fn read_certificate(path: &Path) -> Result<Vec<u8>, CertificateFileError> {
    let bytes = read(path)?;
    to_der(&bytes).map_err(|source| CertificateFileError::Content {
        path: path.to_owned(),
        source,
    })
}

/// The same, unless the file is meant as a public key.
pub fn read_if_certificate(path: &Path) -> Result<Option<Vec<u8>>, CertificateFileError> {
    is_meant(&read(path)?)
        .then(|| read_certificate(path))
        .transpose()
}

/// The key that a certificate is about.
pub fn read_key(path: &Path) -> Result<Option<PublicKey>, CertificateFileError> {
    let Some(der) = read_if_certificate(path)? else {
        return Ok(None);
    };
    let read = key(&der).map_err(|source| CertificateFileError::Content {
        path: path.to_owned(),
        source,
    });
    read.map(Some)
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateFileError> {
    given_file::read(path, LARGEST).map_err(|source| CertificateFileError::Io {
        path: path.to_owned(),
        source,
    })
}
