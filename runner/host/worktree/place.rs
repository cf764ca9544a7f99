//! Folders and small files of git's, read without trusting what they are.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use zwieback_sandbox::call::{Attempt as _, CallError};

use super::error::WorktreeError;
use crate::fs::{beneath, given_file};

/// A line that names a folder.
const LINE: u64 = 64 << 10;

/// A folder that is held by a descriptor. What is read of it lies beneath it, and no link leads there: a
/// link could name any file of this machine, whose lines would decide what belongs to a source.
#[derive(Debug)]
pub struct HeldFolder {
    dir: OwnedFd,
    /// Its path, for messages, and for what is named from there.
    pub path: PathBuf,
}

impl HeldFolder {
    /// Holds a folder that somebody named.
    pub fn open(path: &Path) -> Result<Self, CallError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(CWD, path, flags, Mode::empty());
        Ok(Self {
            dir: dir.attempt("openat", path.as_os_str().as_bytes())?,
            path: path.to_owned(),
        })
    }

    /// Holds a folder beneath this one.
    pub fn beneath(&self, name: &str) -> Result<Self, CallError> {
        Ok(Self {
            dir: beneath::hold_dir(self.as_fd(), name)?,
            path: self.path.join(name),
        })
    }

    /// What lies under a name, itself and not what it leads to.
    pub fn kind(&self, name: &str) -> Option<FileType> {
        let stat = beneath::look(self.as_fd(), name).ok().flatten()?;
        Some(FileType::from_raw_mode(stat.st_mode))
    }

    /// Whose it is.
    pub fn owner(&self) -> Result<u32, CallError> {
        Ok(fstat(&self.dir).attempt("fstat", ".")?.st_uid)
    }

    /// The bytes of a file beneath it of at most so many, or nothing if it is not there.
    pub fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
        match given_file::read_below(self.as_fd(), name, most) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(WorktreeError::io("read", self.path.join(name))(error)),
        }
    }

    /// The path that the one line of a file beneath it names, after a prefix; it starts from this folder.
    pub fn path_named_in(
        &self,
        name: &str,
        prefix: &str,
    ) -> Result<Option<PathBuf>, WorktreeError> {
        let bytes = self.read(name, LINE)?;
        let named = bytes.as_deref().and_then(|bytes| {
            let named = bytes.strip_prefix(prefix.as_bytes())?.trim_ascii();
            (!named.is_empty()).then(|| self.path.join(OsStr::from_bytes(named)))
        });
        Ok(named)
    }
}

impl AsFd for HeldFolder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}
