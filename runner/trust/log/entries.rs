//! The records of a believed log, one or all: each entry is held against the checkpoint's tree.

use std::collections::BTreeMap;
use std::iter::{Enumerate, Zip};
use std::path::PathBuf;
use std::vec::IntoIter;

use zwieback_attest::known_keys::KnownKeys;
use zwieback_model::digest::Digest;

use super::believed::BelievedLog;
use super::bundles::Bundles;
use super::error::LogError;
use super::record::{ProvenRecord, StoredRecord};
use crate::reason::{Reason, Refusal};
use crate::tlog::frontier::Frontier;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::{Tiles as _, Tree};
use crate::tlog::tile::{Tile, WIDTH};

use super::place::LogDir;

/// The records of a log in their order, one in memory at a time.
///
/// Each block of entries was found in the tree of the checkpoint before the first of them is given.
pub struct Entries<'a> {
    log: &'a LogDir,
    head: TreeHead,
    tree: Tree<'a, LogDir>,
    frontier: Frontier,
    ready: Option<Block>,
    ended: bool,
}

/// Records of a log in any order. The digests of a block are found in the tree once.
pub struct Records<'a> {
    log: &'a BelievedLog,
    blocks: BTreeMap<u64, (Tile, Vec<Digest>)>,
    keys: KnownKeys,
}

/// The records of one block, whose digests were found in the tree.
pub(super) struct Block {
    file: PathBuf,
    entries: Enumerate<Zip<IntoIter<Vec<u8>>, IntoIter<Digest>>>,
    bundles: Bundles,
    first: u64,
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
            ready: None,
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
        Records::of(self).record(index)
    }

    /// The records of one block of 256, as far as the log has them.
    pub(crate) fn block(&self, index: u64) -> impl Iterator<Item = Result<StoredRecord, LogError>> {
        let (block, failed) = match self.open_block(index) {
            Ok(block) => (Some(block), None),
            Err(error) => (None, Some(Err(error))),
        };
        block.into_iter().flatten().chain(failed)
    }

    fn open_block(&self, index: u64) -> Result<Block, LogError> {
        let (tile, leaves) = self.leaves(index)?;
        self.log.records(tile, leaves, 0)
    }

    /// The digests of one block, which the checkpoint's tree has there.
    fn leaves(&self, index: u64) -> Result<(Tile, Vec<Digest>), LogError> {
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
        Ok((tile, leaves))
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

impl<'a> Records<'a> {
    /// The records of that log.
    pub fn of(log: &'a BelievedLog) -> Self {
        Self {
            log,
            blocks: BTreeMap::new(),
            keys: KnownKeys::default(),
        }
    }

    /// One record.
    pub fn record(&mut self, index: u64) -> Result<ProvenRecord, LogError> {
        let size = self.log.head().size;
        if index >= size {
            return Err(LogError::NoEntry { index, size });
        }
        let block = index / WIDTH;
        if !self.blocks.contains_key(&block) {
            self.blocks.insert(block, self.log.leaves(block)?);
        }
        let (tile, leaves) = &self.blocks[&block];
        let place = usize::try_from(index % WIDTH).expect("a tile's width fits");
        let (dir, file) = (&self.log.log, self.log.log.statements_path(block));
        let (body, bundle) = (dir.body(*tile, place)?, dir.bundle(index)?);
        let stored = StoredRecord::found(leaves[place], index, body, file, bundle)?;
        stored.prove(&mut self.keys)
    }
}

impl LogDir {
    /// The records behind digests that were found in the tree, without the first `known`.
    pub(super) fn records(
        &self,
        tile: Tile,
        leaves: Vec<Digest>,
        known: usize,
    ) -> Result<Block, LogError> {
        let bodies = self.bodies(tile)?.into_iter().zip(leaves);
        let mut entries = bodies.enumerate();
        if let Some(last) = known.checked_sub(1) {
            entries.nth(last);
        }
        Ok(Block {
            file: self.statements_path(tile.index),
            entries,
            bundles: self.bundles(tile, known as u64)?,
            first: tile.index * WIDTH,
        })
    }
}

impl Iterator for Block {
    type Item = Result<StoredRecord, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (place, (body, leaf)) = self.entries.next()?;
        let record = self.bundles.next()?.and_then(|bundle| {
            let index = self.first + place as u64;
            StoredRecord::found(leaf, index, body, self.file.clone(), bundle)
        });
        Some(record)
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
        self.ready = Some(self.log.records(tile, leaves, known)?);
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
        if self.ended {
            return None;
        }
        if let Some(record) = self.ready.as_mut().and_then(Iterator::next) {
            self.ended = record.is_err();
            return Some(record);
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
