//! Cheap fingerprints of a work tree, taken after each step to find the first that diverges.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fd::BorrowedFd;
use rustix::fs::FileType;
use rustix::io::Errno;
use zwieback_model::digest::{Digest, Hasher};
use zwieback_model::shown_name::printable;
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::capture::rules::Rules;
use crate::fs::beneath::{open_unlocked, read_symlink};
use crate::fs::descent::AS_IS;
use crate::fs::stamp::Stamp;
use crate::fs::walk::{Found, Next, Visitor, walk};

const PIECE: usize = 256 << 10;
/// A ctime moves in ticks of the kernel's clock (10 ms at 100 Hz): what is younger may change without a trace.
const YOUNG: i64 = 50_000_000;

/// What a work tree looked like at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    entries: BTreeMap<Vec<u8>, Seen>,
    taken: i64,
    complete: Completeness,
}

/// Whether a snapshot saw everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Every entry.
    #[default]
    Whole,
    /// Up to a limit only: equality proves less.
    Cut,
}

#[derive(Clone, Debug)]
struct Seen {
    stamp: Stamp,
    what: What,
}

/// What lies at a path; unlike in a tree, it may be anything. Of a mode only what a tree keeps
/// counts: under two umasks the runs would else part with the first file they make.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    File { sha256: Digest, executable: bool },
    Symlink(Vec<u8>),
    Other(FileType),
}

/// Takes the snapshot of everything below `dir`; of files that `previous` knows, only changed ones are read.
pub fn snapshot(
    dir: BorrowedFd<'_>,
    rules: &Rules,
    previous: Option<&Snapshot>,
) -> Result<Snapshot, CallError> {
    let mut observer = Observer {
        rules,
        previous,
        bytes: 0,
        now: Snapshot {
            taken: clock(),
            ..Snapshot::default()
        },
        piece: vec![0; PIECE],
    };
    match walk(dir, &mut observer) {
        Ok(()) => Ok(observer.now),
        Err(Stop::Limit) => {
            observer.now.complete = Completeness::Cut;
            Ok(observer.now)
        }
        Err(Stop::Fault(fault)) => Err(fault),
    }
}

impl Snapshot {
    /// The paths, shown escaped, at which two snapshots differ, in order.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        let only_there = other
            .entries
            .keys()
            .filter(|path| !self.entries.contains_key(*path));
        let changed = self.entries.iter().filter(|(path, seen)| {
            other
                .entries
                .get(*path)
                .is_none_or(|theirs| theirs.what != seen.what)
        });
        let mut paths: Vec<&Vec<u8>> = changed.map(|(path, _)| path).chain(only_there).collect();
        paths.sort_unstable();
        paths.into_iter().map(|path| printable(path))
    }

    /// The shortest time between the writing of a path here and its writing there, in nanoseconds,
    /// for all that was written in both since `since`; none if nothing was.
    pub fn closest(&self, other: &Self, since: i64) -> Option<u64> {
        let recent = |seen: &Seen| Some(seen.stamp.mtime).filter(|mtime| *mtime >= since);
        let apart = |(path, seen): (&Vec<u8>, &Seen)| {
            let (here, there) = (recent(seen)?, recent(other.entries.get(path)?)?);
            Some(here.abs_diff(there))
        };
        self.entries.iter().filter_map(apart).min()
    }

    /// Whether something lies at a path, which is given as it is shown.
    pub fn has_shown(&self, shown: &str) -> bool {
        self.entries.keys().any(|path| printable(path) == shown)
    }

    /// Whether the snapshot saw everything.
    pub fn completeness(&self) -> Completeness {
        self.complete
    }

    /// The number of entries seen.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

struct Observer<'a> {
    rules: &'a Rules,
    previous: Option<&'a Snapshot>,
    bytes: u64,
    now: Snapshot,
    piece: Vec<u8>,
}

enum Stop {
    Limit,
    Fault(CallError),
}

impl From<CallError> for Stop {
    fn from(fault: CallError) -> Self {
        Self::Fault(fault)
    }
}

impl Visitor for Observer<'_> {
    type Error = Stop;

    // The step's own modes stay as they are: later steps may look at them.
    const ACCESS: u32 = AS_IS;

    fn visit(&mut self, entry: &Found<'_>) -> Result<Next, Stop> {
        let stamp = Stamp::of(entry.stat);
        let what = match entry.kind {
            FileType::RegularFile => self.file(entry, stamp)?,
            FileType::Symlink => What::Symlink(read_symlink(entry.dir, entry.name)?.into_bytes()),
            kind => What::Other(kind),
        };
        let seen = Seen { stamp, what };
        self.now.entries.insert(entry.path.to_owned(), seen);
        match entry.kind {
            FileType::Directory if entry.depth >= self.rules.depth => {
                // A hole, not an end: what lies beside it is still worth knowing.
                self.now.complete = Completeness::Cut;
                Ok(Next::Beside)
            }
            FileType::Directory => self.enter(entry),
            _ => Ok(Next::Beside),
        }
    }

    fn room(&self) -> usize {
        self.rules.entries.saturating_sub(self.now.entries.len())
    }

    fn overflow(&self) -> Stop {
        Stop::Limit
    }
}

impl Observer<'_> {
    fn file(&mut self, entry: &Found<'_>, stamp: Stamp) -> Result<What, Stop> {
        if let Some(known) = self.known(entry.path, stamp) {
            return Ok(known);
        }
        self.bytes = self.bytes.saturating_add(stamp.size);
        if self.bytes > self.rules.bytes {
            return Err(Stop::Limit);
        }
        let file = match open_unlocked(entry.dir, entry.name, AS_IS) {
            Err(fault) if fault.is(Errno::ACCESS) => {
                self.now.complete = Completeness::Cut;
                return Ok(What::Other(entry.kind));
            }
            opened => File::from(opened?),
        };
        let mut hasher = Hasher::default();
        let mut capped = (&file).take(stamp.size);
        loop {
            let count = capped.read(&mut self.piece).attempt("read", entry.path)?;
            if count == 0 {
                break;
            }
            hasher.update(&self.piece[..count]);
        }
        Ok(What::File {
            sha256: hasher.finish().sha256,
            executable: entry.stat.st_mode & 0o100 != 0,
        })
    }

    fn enter(&mut self, entry: &Found<'_>) -> Result<Next, Stop> {
        match open_unlocked(entry.dir, entry.name, AS_IS) {
            Err(fault) if fault.is(Errno::ACCESS) => {
                self.now.complete = Completeness::Cut;
                Ok(Next::Beside)
            }
            opened => Ok(opened.map(|_| Next::Inside)?),
        }
    }

    fn known(&self, path: &[u8], stamp: Stamp) -> Option<What> {
        let previous = self.previous?;
        let seen = previous.entries.get(path)?;
        let settled = stamp.ctime < previous.taken.saturating_sub(YOUNG);
        (settled && seen.stamp == stamp).then(|| seen.what.clone())
    }
}

/// The machine's clock, in which the kernel also stamps files.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}
