//! Reading a log's files of digests and entries; nothing is believed here.

use zwieback_model::digest::Digest;

use super::error::LogError;
use super::files;
use super::place::LogDir;
use crate::reason::{Reason, Refusal};
use crate::tlog::range::Tiles;
use crate::tlog::tile::{self, Tile, WIDTH};

/// The most bytes of a file of entries, each after its length in two bytes.
pub const LARGEST_ENTRIES: u64 = WIDTH * (2 + u16::MAX as u64);
/// The most bytes of a file of digests.
pub const LARGEST_TILE: u64 = WIDTH * 32;

impl LogDir {
    /// The entries of a tile of level 0.
    pub(super) fn bodies(&self, tile: Tile) -> Result<Vec<Vec<u8>>, LogError> {
        self.with_bodies(tile, |bodies| {
            bodies.iter().map(|body| body.to_vec()).collect()
        })
    }

    /// One entry of a tile of level 0.
    pub(super) fn body(&self, tile: Tile, place: usize) -> Result<Vec<u8>, LogError> {
        self.with_bodies(tile, |bodies| bodies[place].to_vec())
    }

    fn with_bodies<T>(&self, tile: Tile, take: impl FnOnce(&[&[u8]]) -> T) -> Result<T, LogError> {
        let full = Tile {
            width: WIDTH,
            ..tile
        };
        let edited = || Refusal::new(Reason::LogEdited, tile.entries_path());
        let partial = files::read(&self.path().join(tile.entries_path()), LARGEST_ENTRIES)?;
        let (bytes, width) = match partial {
            Some(bytes) => (Some(bytes), tile.width),
            // A partial file may go once the full one is there, which starts with the same.
            None => (
                files::read(&self.path().join(full.entries_path()), LARGEST_ENTRIES)?,
                WIDTH,
            ),
        };
        let bytes = bytes.ok_or_else(edited)?;
        let mut bodies = tile::parse_entries(&bytes, width).ok_or_else(edited)?;
        bodies.truncate(usize::try_from(tile.width).unwrap_or(0));
        Ok(take(&bodies))
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
        let partial = files::read(&self.path().join(tile.path()), LARGEST_TILE)?;
        let digests = match partial {
            Some(bytes) => tile::parse(&bytes, tile.width),
            None => files::read(&self.path().join(full.path()), LARGEST_TILE)?
                .and_then(|bytes| tile::parse(&bytes, WIDTH)),
        };
        let mut digests = digests.ok_or_else(edited)?;
        digests.truncate(usize::try_from(tile.width).unwrap_or(0));
        Ok(digests)
    }
}
