//! Certificates of time stamp authorities, from PEM or DER files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zwieback_core::trusted_time::certificate::{CertificateError, to_der};

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
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    to_der(&bytes).map_err(|source| CertificateFileError::Content {
        path: path.to_owned(),
        source,
    })
}
