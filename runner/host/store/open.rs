//! Opening the store: its layout, who else has it open, and what crashed processes left in it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, chmodat, open, statat};
use rustix::io::Errno;
use zwieback_sandbox::call::Attempt as _;

use crate::fs::beneath::{ensure_dir, open_lock};
use crate::store::error::StoreError;
use crate::store::place::{EMPTY, Store, uninterrupted};
use crate::store::record::{read_small, write_small};
use crate::store::scratch::sweep;

/// The layout this program reads and writes.
const VERSION: &str = "zwieback-store 1\n";
const DIRECTORIES: [&str; 8] = [
    "blobs",
    "sha256",
    "trees",
    "actions",
    "assemblies",
    "links",
    "roots",
    "tmp",
];

/// How the store is shared while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// With everyone; waits for a collection to end.
    Shared,
    /// With nobody; fails if anyone else has it open.
    Alone,
}

impl Store {
    /// Opens the store at `path`, makes it if there is none, and sweeps what crashed processes left.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_as(path, Sharing::Shared)
    }

    /// Opens the store shared or alone.
    pub fn open_as(path: &Path, sharing: Sharing) -> Result<Self, StoreError> {
        let shown = path.as_os_str().as_encoded_bytes();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.attempt("mkdir", shown)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = open(path, flags, Mode::empty()).attempt("open", shown)?;
        let lock = open_lock(dir.as_fd(), "lock")?;
        take(&lock, sharing, path)?;
        let path = std::path::absolute(path).attempt("getcwd", ".")?;
        let store = Self::at(path, dir, lock);
        store.lay_out()?;
        match sweep(&store) {
            // What cannot be swept now is swept by the next who may write.
            Ok(()) | Err(StoreError::ReadOnly(_)) => Ok(store),
            Err(error) => Err(error),
        }
    }

    fn lay_out(&self) -> Result<(), StoreError> {
        if let Some(found) = read_small(self.dir(), "version")? {
            self.check_version(&found)?;
            // A store that an older version made has none.
            return match self.make_empty() {
                Err(StoreError::ReadOnly(_)) => Ok(()),
                made => made,
            };
        }
        self.make_empty()?;
        for directory in DIRECTORIES {
            ensure_dir(self.dir(), directory)?;
        }
        // Last: a store with a version is complete. Two makers write the same bytes.
        write_small(self, "version", VERSION.as_bytes())
    }

    /// Root's sandboxes lay it below their root as another user, whatever the umask of its maker was.
    fn make_empty(&self) -> Result<(), StoreError> {
        const OPEN_TO_ALL: Mode = Mode::from_raw_mode(0o755);
        ensure_dir(self.dir(), EMPTY)?;
        let found =
            statat(self.dir(), EMPTY, AtFlags::SYMLINK_NOFOLLOW).attempt("fstatat", EMPTY)?;
        if !Mode::from_raw_mode(found.st_mode).contains(OPEN_TO_ALL) {
            chmodat(self.dir(), EMPTY, OPEN_TO_ALL, AtFlags::empty()).attempt("fchmodat", EMPTY)?;
        }
        Ok(())
    }

    fn check_version(&self, found: &[u8]) -> Result<(), StoreError> {
        if found == VERSION.as_bytes() {
            return Ok(());
        }
        Err(StoreError::Version {
            path: self.path().display().to_string(),
            found: zwieback_model::shown_name::printable(found),
            expected: VERSION.trim_end(),
        })
    }
}

fn take(lock: &OwnedFd, sharing: Sharing, path: &Path) -> Result<(), StoreError> {
    let operation = match sharing {
        Sharing::Shared => FlockOperation::LockShared,
        Sharing::Alone => FlockOperation::NonBlockingLockExclusive,
    };
    match uninterrupted(lock, operation) {
        Err(Errno::WOULDBLOCK) => Err(StoreError::InUse(path.display().to_string())),
        other => Ok(other.attempt("flock", "lock")?),
    }
}
