//! Reading a log's files: tiles, entries, and the bundles behind them; nothing is believed here.

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
use crate::tlog::range::Tiles;
use crate::tlog::tile::{self, Tile, WIDTH};

/// 256 entries of 64 KiB, and as many bundles of 16 MiB would be more than any honest log has.
const LARGEST: u64 = 1 << 30;

impl LogDir {
    /// One bundle, found by the lengths before it: the others are not read.
    pub(super) fn bundle(&self, index: u64) -> Result<Vec<u8>, LogError> {
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

    /// The bundles behind a tile of level 0. Nothing may follow the last one of a full file: only
    /// behind the end of the log a crash can have left what was never committed.
    pub(super) fn bundles(&self, tile: Tile) -> Result<Vec<Vec<u8>>, LogError> {
        let path = self.statements_path(tile.index);
        let edited = |what: &str| {
            let from = tile.index * WIDTH;
            let until = from + tile.width - 1;
            let saw = format!("entries {from} to {until} in {:?}: {what}", path.display());
            Refusal::new(Reason::LogEdited, saw)
        };
        let bytes = files::read(&path, LARGEST)?;
        let bytes = bytes.ok_or_else(|| edited("the file is missing"))?;
        let count = usize::try_from(tile.width).unwrap_or(0);
        let records = split_records(&bytes, count);
        let records = records.ok_or_else(|| edited("a record is cut short"))?;
        let length: usize = records.iter().map(|record| 4 + record.len()).sum();
        if tile.is_full() && length < bytes.len() {
            return Err(edited("something follows the last record").into());
        }
        Ok(records.into_iter().map(<[u8]>::to_vec).collect())
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
