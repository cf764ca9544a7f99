//! Where a user remembers what a log showed: one place for each key of a log, whichever command looks.

use std::io;
use std::path::{Path, PathBuf};

use zwieback_host::dirs::Dirs;
use zwieback_model::digest::Digest;
use zwieback_trust::log::files;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::tlog::note_key::NoteKey;

use crate::pipeline::context::failure::Failure;

/// Why nothing can be remembered.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct MemoryError {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        Self::new(error)
    }
}

/// The one memory of the log with that key.
pub fn of(dirs: &Dirs, log: &NoteKey) -> Result<Memory, MemoryError> {
    let folder = folder(dirs, log)?;
    // Until version 0.9 `log verify` had a memory of its own.
    let earlier = folder.join("reader");
    Ok(Memory::new(folder.join("seen")).taking_over([earlier]))
}

/// What one role did last with that log: how far a monitor printed it, what a witness vouched for.
pub fn position(dirs: &Dirs, log: &NoteKey, role: &str) -> Result<Memory, MemoryError> {
    Ok(Memory::new(folder(dirs, log)?.join(role)))
}

/// Makes a folder that is this user's alone: who may write there could make the program forget.
pub fn private(folder: &Path) -> Result<(), MemoryError> {
    let failed = |source| MemoryError {
        path: folder.to_owned(),
        source,
    };
    let faulty = |fault| failed(io::Error::other(fault));
    files::make_private(folder).map_err(faulty)?;
    if !files::is_own(folder).map_err(faulty)? {
        let why = "it belongs to another user, who could change what is remembered there";
        return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, why)));
    }
    Ok(())
}

fn folder(dirs: &Dirs, log: &NoteKey) -> Result<PathBuf, MemoryError> {
    let all = dirs.state.join("log-memory");
    private(&all)?;
    let folder = all.join(Digest::sha256(log.to_string().as_bytes()).to_hex());
    private(&folder)?;
    Ok(folder)
}
