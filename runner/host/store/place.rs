//! Where the store is, where things lie in it, and who may use it now.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use zwieback_model::digest::Digest;
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::open_lock;
use crate::store::error::StoreError;

/// An open store. Clones share one handle; while one lives, no other process collects garbage.
#[derive(Clone, Debug)]
pub struct Store {
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    dir: OwnedFd,
    // Released by the kernel when the last handle, or the process, is gone.
    _lock: OwnedFd,
}

/// The folder in which nothing ever lies.
pub(super) const EMPTY: &str = "empty";

impl Store {
    /// The store in a folder that is open and locked.
    pub(super) fn at(path: PathBuf, dir: OwnedFd, lock: OwnedFd) -> Self {
        let place = Place {
            path,
            dir,
            _lock: lock,
        };
        Self {
            place: Arc::new(place),
        }
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// A folder in which nothing ever lies.
    pub fn empty(&self) -> PathBuf {
        self.place.path.join(EMPTY)
    }

    pub(crate) fn dir(&self) -> BorrowedFd<'_> {
        self.place.dir.as_fd()
    }

    /// Waits for the short lock under which a tree becomes visible; dropping the answer releases it.
    pub(crate) fn commit_lock(&self) -> Result<OwnedFd, StoreError> {
        let lock = open_lock(self.dir(), "commit.lock")?;
        uninterrupted(&lock, FlockOperation::LockExclusive).attempt("flock", "commit.lock")?;
        Ok(lock)
    }

    /// The lock of who must be the only one to build from this store, if nobody has it; dropping it releases it.
    pub fn try_alone(&self) -> Result<Option<OwnedFd>, StoreError> {
        let lock = open_lock(self.dir(), "alone.lock")?;
        match uninterrupted(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Ok(None),
            other => {
                other.attempt("flock", "alone.lock")?;
                Ok(Some(lock))
            }
        }
    }
}

/// Opens a file outside the store, wherever its path leads.
pub(crate) fn open_outside(path: &Path) -> Result<OwnedFd, CallError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty())
        .attempt("openat", path.as_os_str().as_encoded_bytes())
}

pub(super) fn uninterrupted(lock: &OwnedFd, operation: FlockOperation) -> rustix::io::Result<()> {
    rustix::io::retry_on_intr(|| flock(lock, operation))
}

pub(crate) fn tree_place(digest: &Digest) -> String {
    format!("trees/{digest}")
}

pub(crate) fn manifest_place(digest: &Digest) -> String {
    format!("trees/{digest}.tree")
}

pub(crate) fn stamps_place(digest: &Digest) -> String {
    format!("trees/{digest}.stamps")
}
