//! Where a snapshot lies: one folder, one user at a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::head::{Head, SnapshotKey};
use super::page::Address;
use super::pages::Pages;
use super::tree::{self, Changes, Damaged};
use crate::log::error::LogError;
use crate::log::files;
use crate::state::folded::Anchor;
use crate::state::key::Key;
use crate::tlog::note_key::NoteKey;

/// Policies and revocations of a log's whole life are far below this.
const LARGEST: u64 = 256 << 20;
/// Less garbage than this is not worth a copy.
const SLACK: u64 = 4 << 20;

/// A folder for the snapshot of one log.
#[derive(Clone, Debug)]
pub struct SnapshotDir {
    folder: PathBuf,
    key: SnapshotKey,
}

/// A snapshot in use; no one else uses it until this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    dir: SnapshotDir,
    pub(super) anchor: Anchor,
    pub(super) head: Head,
    pages: Pages,
    _lock: File,
}

impl SnapshotDir {
    /// The snapshot in that folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>, key: SnapshotKey) -> Self {
        Self {
            folder: folder.into(),
            key,
        }
    }

    /// Opens the snapshot of that log; an empty one if there is none that is genuine.
    pub fn open(&self, log: &NoteKey, anchor: &Anchor) -> Result<Snapshot, LogError> {
        files::make_private(&self.folder)?;
        let lock_file = files::lock(&self.folder.join("lock"))?;
        let empty = Head::empty(log.to_string(), anchor.policy);
        let found = files::read(&self.folder.join("head"), LARGEST)?;
        let found = found.and_then(|bytes| Head::parse(&bytes, &self.key));
        let same = |it: &Head| (&it.log, it.policy) == (&empty.log, empty.policy);
        let head = found.filter(same).unwrap_or(empty);
        Ok(Snapshot {
            dir: self.clone(),
            anchor: anchor.clone(),
            pages: Pages::open(&self.pages(head.file), head.end, head.dead)?,
            head,
            _lock: lock_file,
        })
    }

    fn pages(&self, number: u64) -> PathBuf {
        self.folder.join(format!("pages-{number}"))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Snapshot {
    /// The bytes of a part of the state, if anything was ever said about it.
    pub(super) fn part(&self, key: &Key) -> Result<Option<Vec<u8>>, Damaged> {
        tree::find(&self.pages, self.head.root.as_ref(), key.digest())
    }

    /// Starts over with nothing.
    pub(super) fn reset(&mut self) -> Result<(), LogError> {
        self.head = Head::empty(self.head.log.clone(), self.anchor.policy);
        self.pages = Pages::open(&self.dir.pages(0), 0, 0)?;
        Ok(())
    }

    /// Starts over with nothing, for every process to come.
    pub(crate) fn clear(&mut self) -> Result<(), LogError> {
        self.reset()?;
        self.publish(&self.head.clone())
    }

    /// Puts changed parts in place, for this process.
    pub(super) fn change(&mut self, changes: Changes) -> Result<Result<(), Damaged>, LogError> {
        let changed = tree::change(&mut self.pages, self.head.root, changes);
        self.pages.flush()?;
        Ok(changed.map(|root| {
            self.head.root = root;
            (self.head.end, self.head.dead) = self.pages.used();
        }))
    }

    /// Makes a head the one that is found next time.
    ///
    /// Nothing is synced: after a crash of the machine pages may be missing, which their digests show.
    pub(super) fn publish(&mut self, head: &Head) -> Result<(), LogError> {
        let path = self.dir.folder.join("head");
        let scratch = self.dir.folder.join("head.new");
        let content = head.to_bytes(&self.dir.key);
        Ok(files::write_unsynced(&path, &scratch, &content)?)
    }

    /// Copies what is alive to a new file, once most of the old one is not.
    pub(super) fn compact(&mut self) -> Result<Result<(), Damaged>, LogError> {
        let (end, dead) = self.pages.used();
        let (Some(root), true) = (self.head.root, dead > SLACK + (end - dead)) else {
            return Ok(Ok(()));
        };
        let (old, new) = (self.head.file, self.head.file + 1);
        match self.copied(&root, new)? {
            Err(damaged) => return Ok(Err(damaged)),
            Ok((root, pages)) => {
                (self.head.root, self.head.file) = (Some(root), new);
                (self.head.end, self.head.dead) = pages.used();
                self.pages = pages;
            }
        }
        self.publish(&self.head.clone())?;
        // A file that stays takes room and does no harm.
        drop(fs::remove_file(self.dir.pages(old)));
        Ok(Ok(()))
    }

    fn copied(
        &self,
        root: &Address,
        number: u64,
    ) -> Result<Result<(Address, Pages), Damaged>, LogError> {
        let mut pages = Pages::open(&self.dir.pages(number), 0, 0)?;
        let copied = tree::copy(&self.pages, root, &mut pages);
        pages.flush()?;
        Ok(copied.map(|root| (root, pages)))
    }
}
