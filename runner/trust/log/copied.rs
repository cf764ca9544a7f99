//! The files of a log that is served elsewhere, each held against the signed tree before it is kept.
//!
//! The tree is followed from its root down: the tiles that are not full are all that the root is made of, and
//! each full one is a digest of the tile above it. So a file is found wrong when it comes, by itself.

use zwieback_attest::known_keys::KnownKeys;
use zwieback_model::digest::Digest;

use super::error::LogError;
use super::place::LogDir;
use crate::reason::{Reason, Refusal};
use crate::tlog::node;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::{Tiles as _, Tree};
use crate::tlog::tile::{Tile, WIDTH};

/// A folder in which the files of a log arrive, and the signed head that they must lead to.
#[derive(Clone, Copy, Debug)]
pub struct Copied<'a> {
    log: &'a LogDir,
    head: TreeHead,
}

impl<'a> Copied<'a> {
    /// Files in that folder, under that head.
    pub fn new(log: &'a LogDir, head: TreeHead) -> Self {
        Self { log, head }
    }

    /// Makes sure that the tiles that are not full lead to the head.
    pub fn check_edge(&self) -> Result<(), LogError> {
        let root = Tree::new(self.log, self.head.size).root()?;
        if root == self.head.root {
            return Ok(());
        }
        Err(edited("the tiles that are not full do not lead to the checkpoint's root").into())
    }

    /// What the tree has in the place of a full tile; the one above it was checked.
    pub fn digest(&self, tile: Tile) -> Result<Digest, LogError> {
        let above = Tile::within(tile.level + 1, tile.index / WIDTH, self.head.size);
        let above = above.ok_or_else(|| edited(tile.path()))?;
        let place = usize::try_from(tile.index % WIDTH).expect("a tile's width fits");
        let digests = self.log.digests(above)?;
        let digest = digests.get(place).copied();
        Ok(digest.ok_or_else(|| edited(above.path()))?)
    }

    /// Makes sure that a tile is the tree's, and at its lowest level that entries and bundles are those of it.
    pub fn check(&self, tile: Tile) -> Result<(), LogError> {
        let digests = self.log.digests(tile)?;
        if tile.is_full() && node::root(&digests) != self.digest(tile)? {
            return Err(edited(tile.path()).into());
        }
        if tile.level > 0 {
            return Ok(());
        }
        let mut keys = KnownKeys::default();
        for record in self.log.records(tile, digests, 0)? {
            record?.prove(&mut keys)?;
        }
        Ok(())
    }
}

fn edited(saw: impl std::fmt::Display) -> Refusal {
    Refusal::new(Reason::LogEdited, saw)
}
