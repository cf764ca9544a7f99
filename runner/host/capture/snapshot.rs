//! Cheap fingerprints of a work tree, taken after each step to find the first that diverges.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fd::BorrowedFd;
use rustix::fs::FileType;
use rustix::io::Errno;
use zwieback_model::budget::Budget;
use zwieback_model::digest::{Digest, Hasher};
use zwieback_model::shown_name::printable;
use zwieback_sandbox::call::{Attempt as _, CallError};

use super::seen_tree::{Cursor, Node, Seen, SeenTree, What, pairs};
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
    /// Shared with the one before, if nothing changed.
    tree: Arc<SeenTree>,
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

/// Takes the snapshot of everything below `dir`; of files that `previous` knows, only changed ones are read.
///
/// What it takes in memory is taken from `memory`. Where that ends, the snapshot is cut: a step has its
/// limits, and what it leaves must not take the memory of who looks at it.
pub fn snapshot(
    dir: BorrowedFd<'_>,
    rules: &Rules,
    previous: Option<&Snapshot>,
    memory: &mut Budget,
) -> Result<Snapshot, CallError> {
    let taken = clock();
    let mut observer = Observer {
        rules,
        known: previous.map(|previous| Known {
            cursor: Cursor::new(&previous.tree),
            taken: previous.taken,
        }),
        bytes: 0,
        memory: memory.left(),
        tree: SeenTree::default(),
        complete: Completeness::Whole,
        piece: vec![0; PIECE],
    };
    match walk(dir, &mut observer) {
        Ok(()) => {}
        Err(Stop::Limit) => observer.complete = Completeness::Cut,
        Err(Stop::Fault(fault)) => return Err(fault),
    }
    let Observer { tree, complete, .. } = observer;
    let same = previous.filter(|previous| *previous.tree == tree);
    let tree = if let Some(previous) = same {
        Arc::clone(&previous.tree)
    } else {
        // It was asked for while the tree grew.
        memory.take(tree.cost()).ok();
        Arc::new(tree)
    };
    Ok(Snapshot {
        tree,
        taken,
        complete,
    })
}

impl Snapshot {
    /// What all snapshots of one run may take in memory, which is outside of its limits. An entry takes about a
    /// hundred bytes in each that differs from the one before.
    pub fn memory(rules: &Rules) -> Budget {
        const LEAST: u64 = 64 << 20;
        const EACH: u64 = 512;
        Budget::new((rules.entries as u64).saturating_mul(EACH).max(LEAST))
    }

    /// The paths, shown escaped, at which two snapshots differ, in the order of a walk.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        let mut path = Path::default();
        pairs(&self.tree, &other.tree).filter_map(move |(here, there)| {
            let (node, name) = here.or(there)?;
            path.go(node.depth, name);
            let what = |found: Option<(&'a Node, _)>| found.map(|(node, _)| &node.seen.what);
            (what(here) != what(there)).then(|| printable(&path.bytes))
        })
    }

    /// Whether two snapshots differ at a path.
    pub fn differs_at(&self, other: &Self, path: &str) -> bool {
        let what = |one: &Self| Some(one.tree.find(path.as_bytes())?.what.clone());
        what(self) != what(other)
    }

    /// Whether something lies at a path, which is given as it is shown.
    pub fn has_shown(&self, shown: &str) -> bool {
        let mut path = Path::default();
        self.tree.nodes().any(|(node, name)| {
            path.go(node.depth, name);
            // Deep folders make long paths: most are told apart by their last name.
            let may_be = path.bytes.len() <= shown.len()
                && (shown.ends_with(&printable(name))
                    || shown.ends_with(&name.escape_ascii().to_string()));
            may_be && printable(&path.bytes) == shown
        })
    }

    /// Whether the snapshot saw everything.
    pub fn completeness(&self) -> Completeness {
        self.complete
    }

    /// The number of entries seen.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.tree.len() == 0
    }
}

/// The path of the entry that a walk is at.
#[derive(Default)]
struct Path {
    bytes: Vec<u8>,
    /// Where the path of each folder above ends.
    ends: Vec<usize>,
}

impl Path {
    fn go(&mut self, depth: u32, name: &[u8]) {
        self.ends.truncate(depth as usize);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        if !self.bytes.is_empty() {
            self.bytes.push(b'/');
        }
        self.bytes.extend(name);
        self.ends.push(self.bytes.len());
    }
}

struct Observer<'a> {
    rules: &'a Rules,
    known: Option<Known<'a>>,
    bytes: u64,
    /// What the tree may take in memory.
    memory: u64,
    tree: SeenTree,
    complete: Completeness,
    piece: Vec<u8>,
}

/// The snapshot before this one.
struct Known<'a> {
    cursor: Cursor<'a>,
    taken: i64,
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
        let name = entry.name.to_bytes();
        if self.tree.cost() + SeenTree::cost_of(name) > self.memory {
            return Err(Stop::Limit);
        }
        let depth = u32::try_from(entry.depth).map_err(|_| Stop::Limit)?;
        let stamp = Stamp::of(entry.stat);
        let known = self.known(depth, name, stamp);
        let what = match (known, entry.kind) {
            (Some(known), FileType::RegularFile) => known,
            (None, FileType::RegularFile) => self.file(entry, stamp)?,
            (_, FileType::Symlink) => What::Symlink(text(&read_symlink(entry.dir, entry.name)?)),
            (_, kind) => What::Other(kind),
        };
        self.tree.push(depth, name, Seen { stamp, what });
        match entry.kind {
            FileType::Directory if entry.depth >= self.rules.depth => {
                // A hole, not an end: what lies beside it is still worth knowing.
                self.complete = Completeness::Cut;
                Ok(Next::Beside)
            }
            FileType::Directory => self.enter(entry),
            _ => Ok(Next::Beside),
        }
    }

    fn room(&self) -> usize {
        self.rules.entries.saturating_sub(self.tree.len())
    }

    fn overflow(&self) -> Stop {
        Stop::Limit
    }
}

impl Observer<'_> {
    fn file(&mut self, entry: &Found<'_>, stamp: Stamp) -> Result<What, Stop> {
        self.bytes = self.bytes.saturating_add(stamp.size);
        if self.bytes > self.rules.bytes {
            return Err(Stop::Limit);
        }
        let file = match open_unlocked(entry.dir, entry.name, AS_IS) {
            Err(fault) if fault.is(Errno::ACCESS) => {
                self.complete = Completeness::Cut;
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
                self.complete = Completeness::Cut;
                Ok(Next::Beside)
            }
            opened => Ok(opened.map(|_| Next::Inside)?),
        }
    }

    fn known(&mut self, depth: u32, name: &[u8], stamp: Stamp) -> Option<What> {
        let known = self.known.as_mut()?;
        let seen = known.cursor.go_to(depth, name)?;
        let settled = stamp.ctime < known.taken.saturating_sub(YOUNG);
        (settled && seen.stamp == stamp).then(|| seen.what.clone())
    }
}

fn text(target: &std::ffi::CStr) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(target.to_bytes());
    hasher.finish().sha256
}

/// The machine's clock, in which the kernel also stamps files.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}
