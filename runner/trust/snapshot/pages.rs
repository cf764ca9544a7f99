//! The file with the pages: only ever appended to, and read page by page.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use zwieback_model::digest::Digest;
use zwieback_sandbox::call::Attempt as _;

use super::page::{Address, Page};
use crate::log::error::LogError;
use crate::log::files;

/// No part is larger than what entries can say about one thing.
const LONGEST: u32 = 1 << 30;
/// What is kept in memory before it is written.
const MUCH: usize = 4 << 20;

/// An open file of pages.
#[derive(Debug)]
pub struct Pages {
    file: File,
    /// Behind the last page; what stands there was never spoken of by a head.
    end: u64,
    /// Bytes of pages that nothing leads to any more.
    dead: u64,
    waiting: Vec<u8>,
}

impl Pages {
    /// Opens the file, of which so much counts.
    pub fn open(path: &Path, end: u64, dead: u64) -> Result<Self, LogError> {
        Ok(Self {
            file: files::open_own(path, 0o600)?,
            end,
            dead,
            waiting: Vec::new(),
        })
    }

    /// The bytes that count, and those of them that nothing leads to.
    pub fn used(&self) -> (u64, u64) {
        (self.end + self.waiting.len() as u64, self.dead)
    }

    /// A page, if it is what its address says.
    pub fn read(&self, address: &Address) -> Option<Page> {
        if address.length > LONGEST {
            return None;
        }
        let length = usize::try_from(address.length).ok()?;
        let mut content = vec![0; length];
        match address.offset.checked_sub(self.end) {
            Some(at) => {
                let at = usize::try_from(at).ok()?;
                content.copy_from_slice(self.waiting.get(at..at.checked_add(length)?)?);
            }
            None => self.file.read_exact_at(&mut content, address.offset).ok()?,
        }
        // What changed on the disk since it was written is not read at all.
        let same = Digest::sha256(&content) == address.digest;
        same.then(|| Page::parse(&content)).flatten()
    }

    /// Takes a page in; it is written by [`Self::flush`].
    pub fn add(&mut self, page: &Page) -> Address {
        let content = page.to_bytes();
        let address = Address {
            offset: self.end + self.waiting.len() as u64,
            length: u32::try_from(content.len()).expect("a page is no larger than its parts"),
            digest: Digest::sha256(&content),
        };
        self.waiting.extend_from_slice(&content);
        address
    }

    /// Nothing leads to that page any more.
    pub fn bury(&mut self, address: &Address) {
        self.dead += u64::from(address.length);
    }

    /// Writes what was added once it is much.
    pub fn flush_some(&mut self) -> Result<(), LogError> {
        if self.waiting.len() > MUCH {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what was added.
    pub fn flush(&mut self) -> Result<(), LogError> {
        let written = self.file.write_all_at(&self.waiting, self.end);
        written.attempt("write", b"the snapshot's pages")?;
        self.end += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}
