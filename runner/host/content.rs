//! A file of a stored tree, read piece by piece by whoever explains a difference.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use zwieback_explain::content::Content;

use crate::fs::beneath::open_file;
use crate::fs::fault::Fault;
use std::os::fd::BorrowedFd;

/// An open file and how long it was when it was opened.
#[derive(Debug)]
pub struct FileContent {
    file: File,
    size: u64,
}

impl FileContent {
    /// Opens a file below a directory.
    pub fn open(root: BorrowedFd<'_>, path: &str, size: u64) -> Result<Self, Fault> {
        Ok(Self {
            file: open_file(root, path)?,
            size,
        })
    }
}

impl Content for FileContent {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(into, offset)
    }
}
