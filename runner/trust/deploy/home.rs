//! The folder of a target. Nothing in it is reached by way of a link: names of releases come from
//! statements, and what lies in the folder may be anybody's.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, fsync};
use rustix::io::Errno;
use zwieback_host::fs::beneath::{look, open_dir, open_file};
use zwieback_host::fs::remove::remove_tree;
use zwieback_host::fs::replace::{Synced, WholeFile};
use zwieback_sandbox::call::{Attempt as _, CallError};

use super::error::TargetError;
use crate::log::files::bytes;

/// The folder of a target, open.
#[derive(Debug)]
pub struct Home {
    dir: OwnedFd,
}

impl Home {
    /// Opens the folder, which is made if it is missing.
    pub fn make(path: &Path) -> Result<Self, TargetError> {
        if let Some(home) = Self::open(path)? {
            return Ok(home);
        }
        fs::create_dir_all(path).attempt("mkdir", bytes(path))?;
        let absent = || {
            Err(Errno::NOENT)
                .attempt("open", bytes(path))
                .map_err(TargetError::from)
        };
        Self::open(path)?.map_or_else(absent, Ok)
    }

    /// Opens the folder, if it is there.
    pub fn open(path: &Path) -> Result<Option<Self>, TargetError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(dir) => Ok(Some(Self { dir })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(TargetError::NoFolder(path.to_owned())),
            Err(errno) => Ok(Err(errno).attempt("open", bytes(path))?),
        }
    }

    /// The folder, for calls beneath it.
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// A regular file in it, if it is there.
    pub fn file(&self, path: &str) -> Result<Option<File>, CallError> {
        if look(self.dir(), path)?.is_none() {
            return Ok(None);
        }
        let file = open_file(self.dir(), path)?;
        if file.metadata().attempt("fstat", path)?.is_file() {
            Ok(Some(file))
        } else {
            Err(Errno::INVAL).attempt("openat2", path)
        }
    }

    /// The bytes of a small file in it, if it is there.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, CallError> {
        let Some(file) = self.file(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(limit)
            .read_to_end(&mut bytes)
            .attempt("read", path)?;
        Ok(Some(bytes))
    }

    /// Puts a file in it for good: the file, then its name.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<(), CallError> {
        let scratch = format!("{path}.new");
        let file = WholeFile::of_mode(0o600).synced(Synced::FileAndFolder);
        let file = file.by_way_of(self.dir(), &scratch);
        file.write_below(self.dir(), path, content)
    }

    /// Removes a folder that may not be there, and everything in it.
    pub fn discard(&self, path: &str) -> Result<(), CallError> {
        if look(self.dir(), path)?.is_none() {
            return Ok(());
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
        remove_tree(open_dir(self.dir(), parent)?.as_fd(), name)
    }

    /// Makes the names in one of its folders survive a crash.
    pub fn sync(&self, path: &str) -> Result<(), CallError> {
        fsync(open_dir(self.dir(), path)?).attempt("fsync", path)
    }
}
