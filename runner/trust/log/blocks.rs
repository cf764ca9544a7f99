//! What the files of a log look like from outside: which of them were touched is seen without reading one.
//!
//! A block is what lies in three files: 256 entries, their digests, and the bundles behind them.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{AtFlags, FileType, statat};
use serde::{Deserialize, Serialize};
use zwieback_host::clock;
use zwieback_host::fs::beneath::open_dir;
use zwieback_host::fs::given_file;
use zwieback_host::fs::stamp::Stamp;
use zwieback_sandbox::call::Attempt as _;

use super::believed::BelievedLog;
use super::error::LogError;
use super::files::bytes;
use super::place::LogDir;
use crate::tlog::tile::{self, Tile, WIDTH};

/// Two changes that are closer than this may have the same time: a tick of any kernel's clock.
const TICK: i64 = 100_000_000;
/// The same where times are kept in whole seconds.
const COARSE_TICK: i64 = 2_000_000_000;

/// What the files of each block looked like before its records were proven; nothing for a block that was
/// changed so shortly before that one more change would not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockStamps(Vec<Option<u128>>);

impl BlockStamps {
    /// The blocks of the first `size` entries that do not look now as they did.
    pub(crate) fn touched(&self, now: &Self, size: u64) -> Vec<u64> {
        let at = |stamps: &Self, block: u64| {
            let place = usize::try_from(block).ok();
            place.and_then(|place| stamps.0.get(place).copied().flatten())
        };
        let same = |block: u64| at(self, block).is_some_and(|it| Some(it) == at(now, block));
        let blocks = 0..size.div_ceil(WIDTH);
        blocks.filter(|block| !same(*block)).collect()
    }
}

impl BelievedLog {
    /// What all blocks look like; taken before they are read.
    pub(crate) fn stamps(&self) -> Result<BlockStamps, LogError> {
        let size = self.head().size;
        stamps(&self.log, size, clock::nanoseconds()).map(BlockStamps)
    }
}

fn stamps(log: &LogDir, size: u64, now: i64) -> Result<Vec<Option<u128>>, LogError> {
    let path = log.path();
    let folder = given_file::open_folder(path).attempt("open", bytes(path))?;
    let folder = OwnedFd::from(folder);
    let mut shelves = [
        SnapshotDir::default(),
        SnapshotDir::default(),
        SnapshotDir::default(),
    ];
    let mut stamps = Vec::new();
    for block in 0..size.div_ceil(WIDTH) {
        let tile = Tile::within(0, block, size).expect("the log reaches that far");
        let paths = paths_of(tile);
        let mut hasher = blake3::Hasher::new();
        let mut files = shelves.iter_mut().zip(&paths);
        let settled = files.all(|(shelf, path)| {
            let stamp = shelf.stamp(&folder, path);
            let stamp = stamp.filter(|stamp| is_settled(stamp, now));
            stamp
                .map(|stamp| hasher.update(&stamp.to_bytes()))
                .is_some()
        });
        let digest = *hasher.finalize().as_bytes();
        let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
        stamps.push(settled.then(|| u128::from_le_bytes(*first)));
    }
    Ok(stamps)
}

/// The files of a block. Thousands of blocks are full, and of these no number is written three times.
fn paths_of(tile: Tile) -> [String; 3] {
    if !tile.is_full() {
        return [tile.path(), tile.entries_path(), tile.statements_path()];
    }
    let number = tile::number(tile.index);
    ["tile/0/", "tile/entries/", "statements/"].map(|folder| [folder, &number].concat())
}

/// Whether one more change from now on would give the file another time.
fn is_settled(stamp: &Stamp, now: i64) -> bool {
    let is_coarse = stamp.ctime % 1_000_000_000 == 0;
    let tick = if is_coarse { COARSE_TICK } else { TICK };
    stamp.ctime.saturating_add(tick) <= now
}

/// The folder in which the last file was: a look at the next one is one name long.
#[derive(Default)]
struct SnapshotDir {
    name: String,
    folder: Option<OwnedFd>,
}

impl SnapshotDir {
    /// The stamp of a regular file; whatever else is there has none, and its records are read.
    fn stamp(&mut self, log: &OwnedFd, path: &str) -> Option<Stamp> {
        let (parent, name) = path.rsplit_once('/')?;
        if self.folder.is_none() || self.name != parent {
            self.folder = open_dir(log.as_fd(), parent).ok();
            parent.clone_into(&mut self.name);
        }
        let stat = statat(self.folder.as_ref()?, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then(|| Stamp::of(&stat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_touched_unless_it_is_known_to_be_as_it_was() {
        let stamps = |all: &[Option<u128>]| BlockStamps(all.to_vec());
        let known = stamps(&[Some(1), Some(2), None, Some(4)]);
        assert_eq!(known.touched(&known, 1024), [2]);
        assert_eq!(known.touched(&known, 1025), [2, 4]);
        let now = stamps(&[Some(1), Some(3), Some(3), None]);
        assert_eq!(known.touched(&now, 1024), [1, 2, 3]);
        assert_eq!(known.touched(&now, 256), [0; 0]);
        assert_eq!(BlockStamps::default().touched(&now, 512), [0, 1]);
    }

    #[test]
    fn a_change_that_could_hide_behind_another_is_no_knowledge() {
        let changed = |ctime| Stamp {
            ctime,
            ..Stamp::default()
        };
        let now = 1_780_000_000_500_000_000;
        assert!(is_settled(&changed(now - TICK), now));
        assert!(!is_settled(&changed(now - TICK + 1), now));
        assert!(!is_settled(&changed(now + 1), now));
        let whole = 1_780_000_000_000_000_000;
        assert!(!is_settled(&changed(whole), whole + COARSE_TICK - 1));
        assert!(is_settled(&changed(whole), whole + COARSE_TICK));
    }
}
