//! The check that costs a few milliseconds: does every entry still look as it did when it was written?

use std::os::fd::AsFd as _;
use std::thread;

use rustix::fd::{BorrowedFd, OwnedFd};
use zwieback_model::digest::Digest;
use zwieback_sandbox::call::CallError;

use crate::fs::beneath::open_dir;
use crate::fs::stamp::Stamp;
use crate::store::error::StoreError;
use crate::store::place::{Store, stamps_place};
use crate::store::record::{read_small, write_small};
use crate::store::writer::stamp_at;

/// Below this many entries a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 500;

/// Whether the root and all paths have the recorded stamps.
pub(crate) fn untouched(root: BorrowedFd<'_>, paths: &[&str], recorded: &[Stamp]) -> bool {
    let Some((top, rest)) = recorded.split_first() else {
        return false;
    };
    if rest.len() != paths.len() || stamp_at(root, ".").as_ref() != Ok(top) {
        return false;
    }
    let same = |paths: &[&str], stamps: &[Stamp]| {
        let mut ladder = Ladder::new(root);
        let mut pairs = paths.iter().zip(stamps);
        pairs.all(|(path, stamp)| ladder.stamp(path).as_ref() == Ok(stamp))
    };
    if paths.len() < WORTH_A_THREAD {
        return same(paths, rest);
    }
    let half = paths.len() / 2;
    thread::scope(|scope| {
        let first = scope.spawn(|| same(&paths[..half], &rest[..half]));
        let second = same(&paths[half..], &rest[half..]);
        first.join().is_ok_and(|first| first && second)
    })
}

/// The directories down to the one that is being looked at. Paths come sorted, so that each directory
/// is opened about once, and a look is one name long instead of a whole path.
struct Ladder<'p, 'r> {
    root: BorrowedFd<'r>,
    rungs: Vec<(&'p str, OwnedFd)>,
}

impl<'p, 'r> Ladder<'p, 'r> {
    const fn new(root: BorrowedFd<'r>) -> Self {
        Self {
            root,
            rungs: Vec::new(),
        }
    }

    fn stamp(&mut self, path: &'p str) -> Result<Stamp, CallError> {
        let Some((parent, name)) = path.rsplit_once('/') else {
            return stamp_at(self.root, path);
        };
        stamp_at(self.climb(parent)?, name)
    }

    fn climb(&mut self, parent: &'p str) -> Result<BorrowedFd<'_>, CallError> {
        while let Some((at, _)) = self.rungs.last()
            && below(at, parent).is_none()
        {
            self.rungs.pop();
        }
        let rest = match self.rungs.last() {
            Some((at, _)) => below(at, parent).unwrap_or(parent),
            None => parent,
        };
        if !rest.is_empty() {
            let opened = open_dir(self.here(), rest)?;
            self.rungs.push((parent, opened));
        }
        Ok(self.here())
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.rungs.last().map_or(self.root, |(_, fd)| fd.as_fd())
    }
}

/// What is left of a path below a directory; nothing if it is the directory itself.
fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(directory)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('/')
}

/// The stamps from when the tree was written or last checked; unreadable ones prove nothing and are none.
pub(crate) fn recorded_stamps(store: &Store, digest: &Digest) -> Result<Vec<Stamp>, StoreError> {
    let bytes = read_small(store.dir(), &stamps_place(digest))?.unwrap_or_default();
    let (stamps, rest) = bytes.as_chunks::<{ Stamp::LEN }>();
    if !rest.is_empty() {
        return Ok(Vec::new());
    }
    Ok(stamps.iter().map(Stamp::from_bytes).collect())
}

/// Records what the root and all entries look like now.
pub(crate) fn write_stamps(
    store: &Store,
    digest: &Digest,
    top: Stamp,
    rest: &[Stamp],
) -> Result<(), StoreError> {
    let mut bytes = Vec::with_capacity((rest.len() + 1) * Stamp::LEN);
    bytes.extend(top.to_bytes());
    bytes.extend(rest.iter().flat_map(|stamp| stamp.to_bytes()));
    write_small(store, &stamps_place(digest), &bytes)
}
