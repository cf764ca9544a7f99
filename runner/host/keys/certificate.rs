//! Certificates of time stamp authorities, from PEM or DER files.

use std::io;
use std::path::{Path, PathBuf};

use zwieback_attest::trusted_time::certificate::{CertificateError, to_der};

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
    let failed = |source| CertificateFileError::Io {
        path: path.to_owned(),
        source,
    };
    let bytes = given_file::read(path, LARGEST).map_err(failed)?;
    to_der(&bytes).map_err(|source| CertificateFileError::Content {
        path: path.to_owned(),
        source,
    })
}
