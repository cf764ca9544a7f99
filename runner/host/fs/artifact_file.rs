//! A file that is held against what was signed about it. Its digest is taken of all of it, so that its length has an
//! end: a sparse file of a few bytes may be as long as its file system allows, and takes a day to read.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use super::given_file;

/// What a recipe may put out, where the configuration says nothing else.
const USUAL: u64 = 64 << 30;

/// What the user has configured.
static MOST: OnceLock<u64> = OnceLock::new();

/// Why an artifact was not read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactFileError {
    /// It cannot be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Nobody builds anything that long.
    #[error("it has {length} bytes, and artifacts of up to {most} are read")]
    TooLong {
        /// Its length.
        length: u64,
        /// The most.
        most: u64,
    },
}

/// Has artifacts of so many bytes be read, if that is more than usual.
pub fn allow(most: u64) {
    // The first word stays: there is one user.
    MOST.get_or_init(|| most.max(USUAL));
}

/// Whether somebody may have allowed a file of that length, which otherwise is refused.
pub fn is_long(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() > USUAL)
}

/// Opens an artifact that is no longer than what is allowed.
pub fn open(path: &Path) -> Result<File, ArtifactFileError> {
    let file = given_file::open(path)?;
    let length = file.metadata()?.len();
    let most = MOST.get().copied().unwrap_or(USUAL);
    if length > most {
        return Err(ArtifactFileError::TooLong { length, most });
    }
    Ok(file)
}

impl ArtifactFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let Self::TooLong { .. } = self else {
            return None;
        };
        Some("if it is as long as it should be, raise `limits.size` in your configuration".into())
    }
}
