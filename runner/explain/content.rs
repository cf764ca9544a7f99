//! Bytes that are read in pieces, so that a large output is never held whole.

use std::io;
use std::rc::Rc;

/// How much is read at a time.
pub const BLOCK: usize = 64 * 1024;

/// Bytes with random access: a slice in memory, or a file the caller opened.
pub trait Content {
    /// The number of bytes.
    fn size(&self) -> u64;

    /// Reads at an offset into `into` and tells how much; 0 is the end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
}

/// Decompressed bytes in blocks; both sides of a comparison share the blocks they agree on.
#[derive(Debug, Default)]
pub struct Blocks {
    blocks: Vec<Rc<[u8]>>,
    size: u64,
}

/// A range of some content; cutting it copies nothing.
#[derive(Clone)]
pub struct View<'a> {
    source: Backing<'a>,
    start: u64,
    size: u64,
}

#[derive(Clone)]
enum Backing<'a> {
    Given(&'a dyn Content),
    Inflated(Rc<Blocks>),
}

/// Reads a view from its beginning.
pub struct ViewReader<'v, 'a> {
    view: &'v View<'a>,
    at: u64,
}

impl<'a> View<'a> {
    /// The whole of what the caller handed over.
    pub fn of(content: &'a dyn Content) -> Self {
        Self {
            size: content.size(),
            source: Backing::Given(content),
            start: 0,
        }
    }

    /// The whole of what was decompressed.
    pub fn inflated(blocks: Rc<Blocks>) -> Self {
        Self {
            size: blocks.size,
            source: Backing::Inflated(blocks),
            start: 0,
        }
    }

    /// The number of bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where the view starts in what the caller handed over or what was decompressed.
    pub fn origin(&self) -> u64 {
        self.start
    }

    /// A part of this view, clipped to what there is.
    #[must_use]
    pub fn slice(&self, offset: u64, size: u64) -> Self {
        let offset = offset.min(self.size);
        Self {
            source: self.source.clone(),
            start: self.start + offset,
            size: size.min(self.size - offset),
        }
    }

    /// Fills as much of `into` as there is, and tells how much.
    pub fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(into.len());
        let mut done = 0;
        while done < wanted {
            let at = self.start + offset + done as u64;
            let read = self.source.read_at(at, &mut into[done..wanted])?;
            if read == 0 {
                break;
            }
            done += read.min(wanted - done);
        }
        Ok(done)
    }

    /// At most `most` bytes from an offset. Never allocates more than there is.
    pub fn bytes(&self, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(most)];
        let read = self.read_at(offset, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// The bytes as a stream.
    pub fn reader(&self) -> ViewReader<'_, 'a> {
        ViewReader { view: self, at: 0 }
    }
}

impl Backing<'_> {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Given(content) => content.read_at(offset, into),
            Self::Inflated(blocks) => blocks.read_at(offset, into),
        }
    }
}

impl Blocks {
    /// Appends a block. Every block but the last holds [`BLOCK`] bytes.
    pub fn push(&mut self, block: Rc<[u8]>) {
        self.size += block.len() as u64;
        self.blocks.push(block);
    }
}

impl Content for Blocks {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let Ok(offset) = usize::try_from(offset) else {
            return Ok(0);
        };
        let block = self.blocks.get(offset / BLOCK);
        Ok(block.map_or(0, |block| copy(block, offset % BLOCK, into)))
    }
}

impl Content for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(copy(self, offset, into))
    }
}

impl Content for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(copy(self, offset, into))
    }
}

impl io::Read for ViewReader<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.view.read_at(self.at, into)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn copy(from: &[u8], offset: usize, into: &mut [u8]) -> usize {
    let rest = from.get(offset..).unwrap_or_default();
    let count = rest.len().min(into.len());
    into[..count].copy_from_slice(&rest[..count]);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_clipped_and_reads_its_own_range() {
        let bytes = b"0123456789".to_vec();
        let view = View::of(&bytes).slice(2, 5);
        assert_eq!(view.bytes(0, 99).unwrap(), b"23456");
        assert_eq!(view.slice(4, 99).bytes(0, 99).unwrap(), b"6");
        assert_eq!(view.slice(99, 1).size(), 0);
    }

    #[test]
    fn blocks_read_across_their_borders() {
        let mut blocks = Blocks::default();
        blocks.push(vec![1; BLOCK].into());
        blocks.push(vec![2; 3].into());
        let view = View::inflated(Rc::new(blocks));
        assert_eq!(view.bytes(BLOCK as u64 - 1, 99).unwrap(), [1, 2, 2, 2]);
    }
}
