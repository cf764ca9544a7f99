//! How much an archive may unpack to, counted while it is unpacked.

use std::io::{self, Read};

/// The most that one archive may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes after decompression, headers and padding included.
    pub bytes: u64,
    /// Members of any kind, and the folders that their paths imply.
    pub entries: u64,
    /// Names in a path.
    pub depth: usize,
    /// Bytes of all paths and texts of links: compressed they are next to nothing, and all are held in memory.
    pub paths: u64,
}

/// A limit that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Too many bytes.
    #[error("the archive unpacks to more than {0} bytes")]
    Bytes(u64),
    /// Too many members.
    #[error("the archive holds more than {0} members, or folders that their paths imply")]
    Entries(u64),
    /// Too deep a path.
    #[error("the archive holds a path of more than {0} names")]
    Depth(usize),
    /// Too much text.
    #[error("the archive holds more than {0} bytes of paths and targets of links")]
    Paths(u64),
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            bytes: 8 << 30,
            entries: 1_000_000,
            depth: 256,
            paths: 64 << 20,
        }
    }
}

/// A reader that fails once more than the allowed bytes came out of it.
pub(crate) struct Metered<R> {
    inner: R,
    limit: u64,
    left: u64,
}

impl<R> Metered<R> {
    pub(crate) fn new(inner: R, limit: u64) -> Self {
        let left = limit;
        Self { inner, limit, left }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(Exceeded::Bytes(self.limit))),
        }
        Ok(count)
    }
}
