//! Index entries: small files that appear whole or not at all.

use std::io::Read as _;
use std::os::fd::AsFd as _;

use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use zwieback_model::digest::Digest;
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::{names, open_dir, open_file, unlink};
use crate::fs::replace::{Synced, WholeFile};
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::scratch::Scratch;

/// A record is small; whatever is larger was not written by this program.
const LARGEST: u64 = 256 << 20;

impl Store {
    /// The result that is recorded for an action.
    pub fn action(&self, action: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(read_small(self.dir(), &action_place(action))?)
    }

    /// Records the result of an action, after everything the result names is in the store.
    pub fn put_action(&self, action: &Digest, result: &[u8]) -> Result<(), StoreError> {
        write_small(self, &action_place(action), result)
    }

    /// Forgets the result of an action; one that is not there is no error.
    pub fn remove_action(&self, action: &Digest) -> Result<(), StoreError> {
        remove_small(self, &action_place(action))
    }

    /// The names in one directory of the store, sorted.
    pub(crate) fn list(&self, directory: &str) -> Result<Vec<String>, StoreError> {
        let dir = open_dir(self.dir(), directory)?;
        let names = names(dir.as_fd())?
            .map(|entry| entry.map(|(name, _)| name.to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>, _>>()?;
        names.sort();
        Ok(names)
    }
}

pub(crate) fn action_place(action: &Digest) -> String {
    format!("actions/{action}.json")
}

/// Reads a record; `None` if there is none.
pub(crate) fn read_small(dir: BorrowedFd<'_>, place: &str) -> Result<Option<Vec<u8>>, CallError> {
    let file = match open_file(dir, place) {
        Err(fault) if fault.is(Errno::NOENT) => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .attempt("read", place)?;
    Ok(Some(bytes))
}

/// Writes a record so that after a crash, or a power cut, it is there whole or not at all.
pub(crate) fn write_small(store: &Store, place: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let scratch = Scratch::new(store)?;
    let file = WholeFile::of_mode(0o600).synced(Synced::File);
    let file = file.by_way_of(scratch.dir(), "record");
    Ok(file.write_below(store.dir(), place, bytes)?)
}

/// Removes a record; one that is not there is no error.
pub(crate) fn remove_small(store: &Store, place: &str) -> Result<(), StoreError> {
    match unlink(store.dir(), place) {
        Err(fault) if !fault.is(Errno::NOENT) => Err(fault.into()),
        _ => Ok(()),
    }
}
