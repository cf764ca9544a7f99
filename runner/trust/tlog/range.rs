//! Roots and proofs from tiles: only the tiles on the way are read.

use std::collections::BTreeMap;

use zwieback_model::digest::Digest;

use super::node;
use super::proof::InclusionProof;
use super::tile::{self, HEIGHT, Tile, WIDTH};

/// Where tiles come from: files, a server, memory.
pub trait Tiles {
    /// Why a tile cannot be had.
    type Error;

    /// The digests of a tile; exactly as many as it is wide.
    fn digests(&self, tile: Tile) -> Result<Vec<Digest>, Self::Error>;
}

/// A tree of one size over tiles, each of which is read once.
pub struct Tree<'a, T: Tiles> {
    tiles: &'a T,
    size: u64,
    read: BTreeMap<Tile, Vec<Digest>>,
}

impl<'a, T: Tiles> Tree<'a, T> {
    /// The tree of the first `size` entries.
    pub fn new(tiles: &'a T, size: u64) -> Self {
        Self {
            tiles,
            size,
            read: BTreeMap::new(),
        }
    }

    /// The digest of the whole tree.
    pub fn root(&mut self) -> Result<Digest, T::Error> {
        self.range(0, self.size)
    }

    /// The digest of the first `older` entries.
    pub fn root_until(&mut self, older: u64) -> Result<Digest, T::Error> {
        self.range(0, older.min(self.size))
    }

    /// The digest of one entry.
    pub fn leaf(&mut self, index: u64) -> Result<Digest, T::Error> {
        self.perfect(index, 0)
    }

    /// The proof that the entry is in the tree; `index` must be below its size.
    pub fn inclusion(&mut self, index: u64) -> Result<InclusionProof, T::Error> {
        let (mut start, mut end, mut path) = (0, self.size, Vec::new());
        while end - start > 1 {
            let cut = start + node::split(end - start);
            if index < cut {
                path.push(self.range(cut, end)?);
                end = cut;
            } else {
                path.push(self.range(start, cut)?);
                start = cut;
            }
        }
        path.reverse();
        Ok(InclusionProof { index, path })
    }

    /// The proof that the tree extends the one of its first `older` entries.
    pub fn consistency(&mut self, older: u64) -> Result<Vec<Digest>, T::Error> {
        let mut path = Vec::new();
        if older == 0 || older >= self.size {
            return Ok(path);
        }
        let (mut start, mut end) = (0, self.size);
        while older < end {
            let cut = start + node::split(end - start);
            if older <= cut {
                path.push(self.range(cut, end)?);
                end = cut;
            } else {
                path.push(self.range(start, cut)?);
                start = cut;
            }
        }
        // The older root itself is known to whoever asks; any other start is not.
        if start > 0 {
            path.push(self.range(start, end)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The digest over a range as the tree cuts it.
    fn range(&mut self, start: u64, end: u64) -> Result<Digest, T::Error> {
        let length = end - start;
        if length == 0 {
            return Ok(node::empty());
        }
        if length.is_power_of_two() {
            return self.perfect(start, length.trailing_zeros());
        }
        let cut = start + node::split(length);
        let (left, right) = (self.range(start, cut)?, self.range(cut, end)?);
        Ok(node::node(&left, &right))
    }

    /// The digest of the perfect tree of `1 << height` entries from `start` on.
    fn perfect(&mut self, start: u64, height: u32) -> Result<Digest, T::Error> {
        let (level, rest) = (height / HEIGHT, height % HEIGHT);
        let at = start >> (level * HEIGHT);
        let tile = Tile::within(level, at / WIDTH, self.size);
        let tile = tile.expect("a range lies within the tree");
        if !self.read.contains_key(&tile) {
            let digests = self.tiles.digests(tile)?;
            self.read.insert(tile, digests);
        }
        let digest = tile::subtree(&self.read[&tile], at % WIDTH, rest);
        Ok(digest.expect("a perfect tree of the range lies within its tile"))
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
