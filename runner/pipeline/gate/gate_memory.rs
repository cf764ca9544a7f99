//! What a user remembers of a log between two looks, with a secret that keeps others from writing it.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::{Synced, WholeFile};
use zwieback_host::fs::{given_file, private};
use zwieback_model::digest::Digest;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::snapshot::dir::SnapshotDir;
use zwieback_trust::snapshot::head::SnapshotKey;
use zwieback_trust::state::folded::Anchor;
use zwieback_trust::tlog::note_key::NoteKey;

use super::log_memory::{self, MemoryError};

const SECRET: &str = "secret";

/// What a user remembers of one log.
#[derive(Debug)]
pub struct GateMemory {
    /// The newest checkpoint.
    pub seen: Memory,
    /// The newest checkpoint whose entries were all checked.
    pub verified: Memory,
    /// The snapshot of the state.
    pub snapshots: SnapshotDir,
}

impl GateMemory {
    /// What this user remembers of that log. The newest checkpoint is the same for all commands; the
    /// state follows from the first policy too, and another one of that makes another state.
    pub fn of(dirs: &Dirs, anchor: &Anchor, log: &NoteKey) -> Result<Self, MemoryError> {
        let whose = format!("{}\n{}", anchor.log, anchor.policy);
        let folder = Digest::sha256(whose.as_bytes()).to_hex();
        let all = dirs.state.join("logs");
        let folder = all.join(folder);
        for folder in [&all, &folder] {
            log_memory::private(folder)?;
        }
        let failed = |source| MemoryError {
            path: folder.clone(),
            source,
        };
        let key = secret(&folder).map_err(failed)?;
        // Until version 0.9 a gate had a memory of its own.
        let earlier = folder.join("seen");
        Ok(Self {
            seen: log_memory::of(dirs, log)?.taking_over([earlier]),
            verified: Memory::new(folder.join("verified")),
            snapshots: SnapshotDir::new(folder.join("snapshot"), SnapshotKey::new(key)),
        })
    }
}

/// The secret of this folder, made on first use; of two processes that make it, one wins.
fn secret(folder: &Path) -> io::Result<[u8; 32]> {
    let path = folder.join(SECRET);
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    private::make_folder(folder)?;
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(io::Error::other)?;
    let file = WholeFile::of_mode(0o600).synced(Synced::FileAndFolder);
    match file
        .unless_there()
        .write(&path, &fresh)
        .map_err(io::Error::from)
    {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let gone = || io::Error::from(ErrorKind::NotFound);
    read(&path)?.ok_or_else(gone)
}

/// A secret that is cut short makes the snapshot unreadable, which is then made anew.
fn read(path: &Path) -> io::Result<Option<[u8; 32]>> {
    let mut file = match given_file::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut secret = [0; 32];
    match file.read_exact(&mut secret) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            fs::remove_file(path)?;
            Ok(None)
        }
        read => read.map(|()| Some(secret)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("log");
        let first = secret(&place).unwrap();
        assert_eq!(secret(&place).unwrap(), first);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(&place.join(SECRET))), (0o700, 0o600));
        fs::write(place.join(SECRET), "short").unwrap();
        assert_ne!(secret(&place).unwrap(), first);
    }
}
