//! Scratch directories that a crash leaves as garbage and the next opening sweeps.

use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use zwieback_sandbox::call::Attempt as _;

use crate::fs::beneath::{look, make_dir, names, open_dir};
use crate::fs::remove::remove_tree;
use crate::store::error::StoreError;
use crate::store::place::Store;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A directory below `tmp/` that is ours as long as its lock is held; removed on drop.
#[derive(Debug)]
pub(crate) struct Scratch {
    store: Store,
    name: String,
    dir: OwnedFd,
}

impl Scratch {
    /// Makes a fresh scratch directory and locks it.
    pub(crate) fn new(store: &Store) -> Result<Self, StoreError> {
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("tmp/{}-{number}", std::process::id());
            match make_dir(store.dir(), &name) {
                // A process with our id crashed earlier.
                Err(fault) if fault.is(Errno::EXIST) => continue,
                made => made?,
            }
            if let Some(dir) = claim(store, &name)? {
                let store = store.clone();
                return Ok(Self { store, name, dir });
            }
        }
    }

    /// The directory itself.
    pub(crate) fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What fails here is garbage that the next opening of the store sweeps.
        let _swept_later = remove_tree(self.store.dir(), &self.name);
    }
}

/// Removes the scratch directories whose processes are gone.
pub(crate) fn sweep(store: &Store) -> Result<(), StoreError> {
    let tmp = open_dir(store.dir(), "tmp")?;
    for entry in names(tmp.as_fd())? {
        let (name, _) = entry?;
        let path = format!("tmp/{}", name.to_string_lossy());
        // The lock is held until the directory is gone: its name cannot be claimed in between.
        if let Some(_lock) = claim(store, &path)? {
            remove_tree(store.dir(), &path)?;
        }
    }
    Ok(())
}

/// Locks a scratch directory, unless a living process has it or a sweeper was faster.
fn claim(store: &Store, name: &str) -> Result<Option<OwnedFd>, StoreError> {
    let dir = match open_dir(store.dir(), name) {
        Err(fault) if fault.is(Errno::NOENT) => return Ok(None),
        opened => opened?,
    };
    match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(None),
        locked => locked.attempt("flock", name)?,
    }
    let ours = rustix::fs::fstat(&dir).attempt("fstat", name)?.st_ino;
    let there = look(store.dir(), name)?.is_some_and(|stat| stat.st_ino == ours);
    Ok(there.then_some(dir))
}
