//! The records of a believed log, one or all: each entry is held against the checkpoint's tree.

use zwieback_core::digest::Digest;

use super::believed::BelievedLog;
use super::error::LogError;
use super::record::{ProvenRecord, StoredRecord};
use crate::reason::{Reason, Refusal};
use crate::tlog::frontier::Frontier;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::{Tiles as _, Tree};
use crate::tlog::tile::{Tile, WIDTH};

use super::place::LogDir;

/// The records of a log in their order, at most 256 in memory.
///
/// Each block of entries was found in the tree of the checkpoint before the first of them is given.
pub struct Entries<'a> {
    log: &'a LogDir,
    head: TreeHead,
    tree: Tree<'a, LogDir>,
    frontier: Frontier,
    ready: std::vec::IntoIter<StoredRecord>,
    ended: bool,
}

impl BelievedLog {
    /// All records.
    pub fn entries(&self) -> Entries<'_> {
        self.entries_after(Frontier::default())
    }

    /// The records behind those of a tree that is a beginning of this one.
    pub fn entries_after(&self, before: Frontier) -> Entries<'_> {
        Entries {
            log: &self.log,
            head: self.head(),
            tree: Tree::new(&self.log, self.head().size),
            frontier: before,
            ready: Vec::new().into_iter(),
            ended: false,
        }
    }

    /// The digest of the first entry, if there is one.
    pub fn first(&self) -> Result<Option<Digest>, LogError> {
        if self.head().size == 0 {
            return Ok(None);
        }
        self.leaf(0).map(Some)
    }

    /// One record.
    pub fn record(&self, index: u64) -> Result<ProvenRecord, LogError> {
        let size = self.head().size;
        let tile = Tile::within(0, index / WIDTH, size).filter(|_| index < size);
        let tile = tile.ok_or(LogError::NoEntry { index, size })?;
        let leaf = self.leaf(index)?;
        let place = usize::try_from(index % WIDTH).expect("a tile's width fits");
        let body = self.log.bodies(tile)?.swap_remove(place);
        let (file, bundle) = (
            self.log.statements_path(index / WIDTH),
            self.log.bundle(index)?,
        );
        StoredRecord::found(leaf, index, body, file, bundle)?.prove()
    }

    /// The records of one block of 256, as far as the log has them.
    pub(crate) fn block(&self, index: u64) -> Result<Vec<StoredRecord>, LogError> {
        let size = self.head().size;
        let tile = Tile::within(0, index, size);
        let from = index.saturating_mul(WIDTH);
        let tile = tile.ok_or(LogError::NoEntry { index: from, size })?;
        let mut tree = Tree::new(&self.log, size);
        // The way from the first digest to the root leads over all others of its block: if it is the
        // checkpoint's, so are they.
        let proof = tree.inclusion(from)?;
        let leaves = (from..from + tile.width).map(|index| tree.leaf(index));
        let leaves: Vec<Digest> = leaves.collect::<Result<_, _>>()?;
        let there = leaves
            .first()
            .map(|leaf| self.head().includes(*leaf, &proof));
        if let Some(Err(refusal)) = there {
            let saw = format!("{:?}, {}", tile.path(), refusal.saw());
            return Err(Refusal::new(Reason::LogEdited, saw).into());
        }
        self.log.records(tile, leaves)
    }

    /// The digest of an entry, which the checkpoint's tree has there.
    fn leaf(&self, index: u64) -> Result<Digest, LogError> {
        let mut tree = Tree::new(&self.log, self.head().size);
        let (leaf, proof) = (tree.leaf(index)?, tree.inclusion(index)?);
        let there = self.head().includes(leaf, &proof);
        there.map_err(|refusal| Refusal::new(Reason::LogEdited, refusal.saw()))?;
        Ok(leaf)
    }
}

impl LogDir {
    /// The records behind digests that were found in the tree.
    fn records(&self, tile: Tile, leaves: Vec<Digest>) -> Result<Vec<StoredRecord>, LogError> {
        let file = self.statements_path(tile.index);
        let (bodies, bundles) = (self.bodies(tile)?, self.bundles(tile)?);
        let found = bodies.into_iter().zip(bundles).zip(leaves);
        let records = (tile.index * WIDTH..).zip(found);
        let records = records.map(|(index, ((body, bundle), leaf))| {
            StoredRecord::found(leaf, index, body, file.clone(), bundle)
        });
        records.collect()
    }
}

impl Entries<'_> {
    fn next_block(&mut self) -> Result<(), LogError> {
        let at = self.frontier.head().size;
        let tile = Tile::within(0, at / WIDTH, self.head.size);
        let Some(tile) = tile.filter(|_| at < self.head.size) else {
            self.ended = true;
            return Ok(());
        };
        let leaves = self.log.digests(tile)?;
        let known = usize::try_from(at % WIDTH).expect("a tile's width fits");
        for leaf in leaves.iter().skip(known) {
            self.frontier.push(*leaf);
        }
        self.check(tile)?;
        let mut records = self.log.records(tile, leaves)?;
        self.ready = records.split_off(known).into_iter();
        Ok(())
    }

    /// The digests so far must be a beginning of the checkpoint's tree.
    fn check(&mut self, tile: Tile) -> Result<(), LogError> {
        let head = self.frontier.head();
        let path = self.tree.consistency(head.size)?;
        self.head.extends(&head, &path).map_err(|refusal| {
            let saw = format!("{:?}, {}", tile.path(), refusal.saw());
            Refusal::new(Reason::LogEdited, saw).into()
        })
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<StoredRecord, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.ready.next() {
            return Some(Ok(record));
        }
        if self.ended {
            return None;
        }
        match self.next_block() {
            Ok(()) => self.next(),
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}
