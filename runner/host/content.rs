//! Files read piece by piece, as the readers of formats take them.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;

use zwieback_explain::content::Content;

use crate::fs::beneath::open_file;

/// A folder whose files are read by turns. Only the one that was read last is open: as many may
/// differ as there are, and a process has a thousand descriptors.
#[derive(Debug)]
pub struct Folder<'d> {
    root: BorrowedFd<'d>,
    last: RefCell<Option<(String, File)>>,
}

/// A file of a folder, and how long it was when the folder was looked at.
#[derive(Debug)]
pub struct FileContent<'f> {
    folder: &'f Folder<'f>,
    path: String,
    size: u64,
}

/// A file that is open, and how long it was then.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    size: u64,
}

impl OpenFile {
    /// The whole of a file.
    pub fn new(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl Content for OpenFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(into, offset)
    }
}

impl<'d> Folder<'d> {
    /// The folder that is open there.
    pub fn new(root: BorrowedFd<'d>) -> Self {
        Self {
            root,
            last: RefCell::default(),
        }
    }

    /// One of its files.
    pub fn file(&self, path: &str, size: u64) -> FileContent<'_> {
        FileContent {
            folder: self,
            path: path.to_owned(),
            size,
        }
    }

    fn read(&self, path: &str, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut last = self.last.borrow_mut();
        let file = match &mut *last {
            Some((open, file)) if open == path => file,
            other => {
                let opened = open_file(self.root, path)?;
                &mut other.insert((path.to_owned(), opened)).1
            }
        };
        file.read_at(into, offset)
    }
}

impl Content for FileContent<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.folder.read(&self.path, offset, into)
    }
}
