//! Small files of git's, read without trusting what they are.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::WorktreeError;
use crate::fs::given_file;

/// A line that names a folder.
const LINE: u64 = 64 << 10;

/// The bytes of a file of at most so many, or nothing if it is not there.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
    match given_file::read(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(WorktreeError::io("read", path)(error)),
    }
}

/// The folder that the one line of a file names, after a prefix; it starts from the folder of the file.
pub(super) fn folder_named_in(path: &Path, prefix: &str) -> Result<Option<PathBuf>, WorktreeError> {
    let Some(bytes) = read(path, LINE)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let named = text.strip_prefix(prefix).map(str::trim);
    let above = path.parent().unwrap_or(Path::new("/"));
    Ok(named.filter(|it| !it.is_empty()).map(|it| above.join(it)))
}
