//! Reading a log: tiles, and entries with the bundles behind them.

use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use zwieback_core::digest::Digest;
use zwieback_host::fs::fault::Attempt as _;
use zwieback_host::fs::given_file;

use super::error::LogError;
use super::files::{self, bytes};
use super::place::LogDir;
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::frontier::Frontier;
use crate::tlog::node;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::Tiles;
use crate::tlog::tile::{self, Tile, WIDTH};
use crate::tlog::view::Expectation;

/// 256 entries of 64 KiB, and as many bundles of 16 MiB would be more than any honest log has.
const LARGEST: u64 = 1 << 30;

/// One entry, and the bundle that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedBundle {
    /// Its place.
    pub index: u64,
    /// The bytes of the entry.
    pub body: Vec<u8>,
    /// The bytes of the bundle.
    pub bundle: Vec<u8>,
}

/// The entries of a log from the first to the last, at most 256 in memory.
///
/// The last item is a refusal if the entries were not those of the checkpoint: whoever acts on them
/// before the end must not act for good.
pub struct Entries<'a> {
    log: &'a LogDir,
    head: TreeHead,
    seen: Option<TreeHead>,
    frontier: Frontier,
    ready: std::vec::IntoIter<LoggedBundle>,
    ended: bool,
}

impl LogDir {
    /// The checkpoint and all entries, believed under these conditions.
    pub fn entries(
        &self,
        expected: &Expectation<'_>,
    ) -> Result<(Checkpoint, Entries<'_>), LogError> {
        let checkpoint = expected.open(&self.note()?)?;
        let entries = Entries {
            log: self,
            head: checkpoint.head,
            seen: expected.seen,
            frontier: Frontier::default(),
            ready: Vec::new().into_iter(),
            ended: false,
        };
        Ok((checkpoint, entries))
    }

    /// The entries behind those of a tree that this one is known to extend.
    pub fn entries_after(&self, before: Frontier, head: TreeHead) -> Entries<'_> {
        Entries {
            log: self,
            head,
            seen: None,
            frontier: before,
            ready: Vec::new().into_iter(),
            ended: false,
        }
    }

    /// One entry of a tree of that size; its digest is not held against the tree.
    pub fn entry(&self, index: u64, size: u64) -> Result<LoggedBundle, LogError> {
        let tile = Tile::within(0, index / WIDTH, size).filter(|_| index < size);
        let tile = tile.ok_or(LogError::NoEntry { index, size })?;
        let place = usize::try_from(index % WIDTH).expect("a tile's width fits");
        let body = self.bodies(tile)?.swap_remove(place);
        let bundle = self.bundle(index)?;
        Ok(LoggedBundle {
            index,
            body,
            bundle,
        })
    }

    /// One bundle, found by the lengths before it: the others are not read.
    fn bundle(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let path = self.statements_path(index / WIDTH);
        let edited = || Refusal::new(Reason::LogEdited, format!("{:?}", path.display()));
        let file = match given_file::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(edited().into()),
            Err(error) => return Err(error).attempt("open", bytes(&path))?,
        };
        let (mut at, mut length) = (0, [0; 4]);
        for _ in 0..index % WIDTH {
            file.read_exact_at(&mut length, at).map_err(|_| edited())?;
            at += 4 + u64::from(u32::from_be_bytes(length));
        }
        file.read_exact_at(&mut length, at).map_err(|_| edited())?;
        let mut bundle = Vec::new();
        let length = u64::from(u32::from_be_bytes(length));
        // Read as far as the file goes: a length that lies takes no memory.
        let mut file = file;
        let start = file.seek(SeekFrom::Start(at + 4));
        start.attempt("lseek", bytes(&path))?;
        let read = file.take(length).read_to_end(&mut bundle);
        match read.attempt("read", bytes(&path))? as u64 {
            read if read == length => Ok(bundle),
            _ => Err(edited().into()),
        }
    }

    /// The leaves of a tile of level 0 as their entries have them, with their bundles.
    fn block(&self, tile: Tile) -> Result<Vec<LoggedBundle>, LogError> {
        let bodies = self.bodies(tile)?;
        let path = self.statements_path(tile.index);
        let edited = || Refusal::new(Reason::LogEdited, format!("{:?}", path.display()));
        let bytes = files::read(&path, LARGEST)?.ok_or_else(edited)?;
        let bundles = split_records(&bytes, bodies.len()).ok_or_else(edited)?;
        let numbered = (tile.index * WIDTH..).zip(bodies).zip(bundles);
        Ok(numbered
            .map(|((index, body), bundle)| LoggedBundle {
                index,
                body,
                bundle: bundle.to_vec(),
            })
            .collect())
    }

    /// The entries of a tile of level 0.
    pub(super) fn bodies(&self, tile: Tile) -> Result<Vec<Vec<u8>>, LogError> {
        let full = Tile {
            width: WIDTH,
            ..tile
        };
        let edited = || Refusal::new(Reason::LogEdited, tile.entries_path());
        let partial = files::read(&self.path().join(tile.entries_path()), LARGEST)?;
        let bodies = match partial {
            Some(bytes) => tile::parse_entries(&bytes, tile.width),
            // A partial file may go once the full one is there, which starts with the same.
            None => files::read(&self.path().join(full.entries_path()), LARGEST)?
                .and_then(|bytes| tile::parse_entries(&bytes, WIDTH)),
        };
        let mut bodies = bodies.ok_or_else(edited)?;
        bodies.truncate(usize::try_from(tile.width).unwrap_or(0));
        Ok(bodies)
    }

    pub(super) fn statements_path(&self, index: u64) -> PathBuf {
        self.path().join("statements").join(tile::number(index))
    }
}

impl Tiles for LogDir {
    type Error = LogError;

    fn digests(&self, tile: Tile) -> Result<Vec<Digest>, LogError> {
        let full = Tile {
            width: WIDTH,
            ..tile
        };
        let edited = || Refusal::new(Reason::LogEdited, tile.path());
        let partial = files::read(&self.path().join(tile.path()), LARGEST)?;
        let digests = match partial {
            Some(bytes) => tile::parse(&bytes, tile.width),
            None => files::read(&self.path().join(full.path()), LARGEST)?
                .and_then(|bytes| tile::parse(&bytes, WIDTH)),
        };
        let mut digests = digests.ok_or_else(edited)?;
        digests.truncate(usize::try_from(tile.width).unwrap_or(0));
        Ok(digests)
    }
}

impl Entries<'_> {
    fn next_block(&mut self) -> Result<(), LogError> {
        let at = self.frontier.head().size;
        let tile = Tile::within(0, at / WIDTH, self.head.size);
        let Some(tile) = tile.filter(|_| at < self.head.size) else {
            self.ended = true;
            return self.check_end();
        };
        let block = self.log.block(tile)?;
        let fresh: Vec<LoggedBundle> = block.into_iter().filter(|it| it.index >= at).collect();
        for entry in &fresh {
            self.frontier.push(node::leaf(&entry.body));
            self.check_seen()?;
        }
        self.ready = fresh.into_iter();
        Ok(())
    }

    /// What this reader saw before must be a beginning of what it sees now.
    fn check_seen(&self) -> Result<(), LogError> {
        let head = self.frontier.head();
        // At its full size the log is held against its checkpoint, which was held against this.
        let before_end = self.seen.filter(|_| head.size < self.head.size);
        match before_end {
            Some(seen) if seen.size == head.size && seen.root != head.root => {
                let saw = format!("{} entries", seen.size);
                Err(Refusal::new(Reason::LogForked, saw).into())
            }
            _ => Ok(()),
        }
    }

    fn check_end(&self) -> Result<(), LogError> {
        let head = self.frontier.head();
        if head == self.head {
            Ok(())
        } else {
            let saw = format!("{} entries give {}", head.size, head.root.short());
            Err(Refusal::new(Reason::LogEdited, saw).into())
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<LoggedBundle, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.ready.next() {
            return Some(Ok(entry));
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

/// The first `count` records, each after its length in four bytes; what follows was never committed.
pub(super) fn split_records(mut bytes: &[u8], count: usize) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    while records.len() < count {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (record, rest) = rest.split_at_checked(length)?;
        records.push(record);
        bytes = rest;
    }
    Some(records)
}
