//! A tree on its way into the store: filled by several threads, hashed as it is written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{Mode, fchmod, fstat, futimens};
use rustix::io::Errno;
use zwieback_model::digest::{Fingerprint, Hasher};
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree, TreeError};
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::{
    both_times, create_file, look, make_dir, make_symlink, open_dir, set_mtime,
};
use crate::fs::stamp::Stamp;
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::scratch::Scratch;

/// The modification time of everything in the store: a build must not see when it was unpacked.
pub(crate) const MTIME: i64 = 1;

/// A tree that is being written. Dropped without commit, it is gone.
#[derive(Debug)]
pub struct TreeWriter {
    pub(crate) store: Store,
    pub(crate) scratch: Scratch,
    pub(crate) root: OwnedFd,
    /// Where the root lies in the scratch directory.
    pub(crate) place: String,
    pub(crate) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tree: Tree,
    pub(crate) details: BTreeMap<RelPath, Detail>,
    owners: Vec<Owner>,
    /// Files that were started and not finished: what lies at their paths is cut short.
    pub(crate) unfinished: usize,
}

/// Who puts something into a tree, and how many entries so far: folders on the way to them as well.
#[derive(Debug)]
struct Owner {
    name: String,
    entries: u64,
    path_bytes: u64,
}

impl Owner {
    fn count(&mut self, path: &RelPath) {
        self.entries += 1;
        self.path_bytes += path.as_str().len() as u64;
    }
}

/// What is known of an entry besides what is in the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detail {
    owner: usize,
    pub(crate) stamp: Stamp,
}

/// What one owner (a package, an archive, a run) puts into a tree.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'w> {
    pub(crate) writer: &'w TreeWriter,
    owner: usize,
}

/// A file on its way into a tree.
pub struct FileWriter<'w> {
    layer: Layer<'w>,
    path: RelPath,
    executable: bool,
    hasher: Hasher,
    // None where the path is taken: the bytes are only compared with what is there.
    file: Option<File>,
}

impl Store {
    /// Starts a new tree.
    pub fn tree_writer(&self) -> Result<TreeWriter, StoreError> {
        let scratch = Scratch::new(self)?;
        let place = "tree".to_owned();
        make_dir(scratch.dir(), &place)?;
        let root = open_dir(scratch.dir(), &place)?;
        Ok(TreeWriter {
            store: self.clone(),
            scratch,
            root,
            place,
            state: Mutex::default(),
        })
    }
}

impl TreeWriter {
    /// Starts what one owner puts into the tree; the name appears when two owners collide.
    pub fn layer(&self, owner: &str) -> Layer<'_> {
        let mut state = self.state();
        state.owners.push(Owner {
            name: owner.to_owned(),
            entries: 0,
            path_bytes: 0,
        });
        let owner = state.owners.len() - 1;
        Layer {
            writer: self,
            owner,
        }
    }

    /// Makes the only top directory the root, as archives of sources are laid out; answers its name.
    ///
    /// A tree with anything beside that directory stays as it is.
    pub fn strip_single_top(&mut self) -> Result<Option<String>, StoreError> {
        let Some(top) = single_top(&self.state().tree) else {
            return Ok(None);
        };
        let root = open_dir(self.root.as_fd(), &top)?;
        self.place = format!("{}/{top}", self.place);
        self.root = root;
        self.state().strip(&top);
        Ok(Some(top))
    }

    /// What is in the tree so far.
    pub fn so_far(&self) -> Tree {
        self.state().tree.clone()
    }

    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked leaves the tree uncommitted; what others see of it is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'w> Layer<'w> {
    /// Starts a file. The same file twice is no error, a different one is.
    pub fn file(&self, path: RelPath, executable: bool) -> Result<FileWriter<'w>, StoreError> {
        let file = match self.prepare(&path)? {
            Vacancy::Taken => None,
            Vacancy::Free => match create_file(self.writer.root(), path.as_str()) {
                // Another thread is writing it: whoever finishes second compares.
                Err(fault) if fault.is(Errno::EXIST) => None,
                created => {
                    self.writer.state().unfinished += 1;
                    Some(created?)
                }
            },
        };
        Ok(FileWriter {
            layer: *self,
            path,
            executable,
            hasher: Hasher::default(),
            file,
        })
    }

    /// Puts a directory.
    pub fn directory(&self, path: &RelPath) -> Result<(), StoreError> {
        let mut state = self.writer.state();
        self.ensure_dirs(&mut state, path)
    }

    /// Puts a symlink, recorded as written.
    pub fn symlink(&self, path: RelPath, target: &str) -> Result<(), StoreError> {
        let entry = Entry::Symlink {
            target: target.to_owned(),
        };
        if matches!(self.prepare(&path)?, Vacancy::Free) {
            match make_symlink(self.writer.root(), target, path.as_str()) {
                Err(fault) if fault.is(Errno::EXIST) => {}
                made => {
                    made?;
                    set_mtime(self.writer.root(), path.as_str(), MTIME)?;
                }
            }
        }
        let stamp = stamp_at(self.writer.root(), path.as_str())?;
        self.insert(path, entry, stamp)
    }

    /// How many entries this owner has put, with the folders that their paths imply.
    pub fn entries(&self) -> u64 {
        self.writer.state().owners[self.owner].entries
    }

    /// How many bytes their paths have.
    pub fn path_bytes(&self) -> u64 {
        self.writer.state().owners[self.owner].path_bytes
    }

    /// The entry that is at a path already, whoever put it there.
    pub fn existing(&self, path: &RelPath) -> Option<Entry> {
        self.writer.state().tree.get(path.as_str()).cloned()
    }

    /// Makes the directories above `path`, and tells whether the path itself is free.
    pub(crate) fn prepare(&self, path: &RelPath) -> Result<Vacancy, StoreError> {
        let mut state = self.writer.state();
        if let Some(parent) = path.parent() {
            self.ensure_dirs(&mut state, &parent)?;
        }
        match state.tree.get(path.as_str()) {
            Some(Entry::Directory) => Err(self.collision(&state, path.clone())),
            Some(_) => Ok(Vacancy::Taken),
            None => Ok(Vacancy::Free),
        }
    }

    /// Records an entry that lies on the disk now.
    pub(crate) fn insert(
        &self,
        path: RelPath,
        entry: Entry,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let mut state = self.writer.state();
        if let Err(error) = state.tree.insert(path.clone(), entry) {
            return Err(self.conflict(&state, error));
        }
        let owner = self.owner;
        state.owners[owner].count(&path);
        let detail = state.details.entry(path).or_insert(Detail { owner, stamp });
        // The one who only compared may have finished before the one who wrote.
        if stamp != Stamp::default() {
            detail.stamp = stamp;
        }
        Ok(())
    }

    fn ensure_dirs(&self, state: &mut State, path: &RelPath) -> Result<(), StoreError> {
        if matches!(state.tree.get(path.as_str()), Some(Entry::Directory)) {
            return Ok(());
        }
        let ends = path.as_str().match_indices('/').map(|(at, _)| at);
        for end in ends.chain([path.as_str().len()]) {
            let dir: RelPath = path.as_str()[..end].parse()?;
            if matches!(state.tree.get(dir.as_str()), Some(Entry::Directory)) {
                continue;
            }
            if let Err(error) = state.tree.insert(dir.clone(), Entry::Directory) {
                return Err(self.conflict(state, error));
            }
            match make_dir(self.writer.root(), dir.as_str()) {
                // Another thread is writing a file of this name.
                Err(fault) if fault.is(Errno::EXIST) => {
                    return Err(self.collision(state, dir));
                }
                made => made?,
            }
            let detail = Detail {
                owner: self.owner,
                stamp: Stamp::default(),
            };
            state.owners[self.owner].count(&dir);
            state.details.insert(dir, detail);
        }
        Ok(())
    }

    fn conflict(&self, state: &State, error: TreeError) -> StoreError {
        match error {
            TreeError::Conflict(path) => self.collision(state, path),
            TreeError::ParentIsNoDirectory { parent, .. } => self.collision(state, parent),
        }
    }

    fn collision(&self, state: &State, path: RelPath) -> StoreError {
        let first = state.details.get(&path).map_or(self.owner, |it| it.owner);
        StoreError::Collision {
            path,
            first: state.owners[first].name.clone(),
            second: state.owners[self.owner].name.clone(),
        }
    }
}

impl FileWriter<'_> {
    /// Ends the file and records it.
    pub fn finish(self) -> Result<Fingerprint, StoreError> {
        let content = self.hasher.finish();
        let executable = self.executable;
        let entry = Entry::File {
            content,
            executable,
        };
        let stamp = match &self.file {
            Some(file) => {
                self.layer.writer.state().unfinished -= 1;
                seal(file, executable).attempt("fchmod", self.path.as_str())?
            }
            None => Stamp::default(),
        };
        self.layer.insert(self.path, entry, stamp)?;
        Ok(content)
    }
}

impl Write for FileWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &mut self.file {
            Some(file) => file.write(bytes)?,
            None => bytes.len(),
        };
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a path of a tree can still be given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vacancy {
    Free,
    Taken,
}

impl State {
    fn strip(&mut self, top: &str) {
        let below = |path: &RelPath| {
            let rest = path.as_str().strip_prefix(top)?.strip_prefix('/')?;
            rest.parse::<RelPath>().ok()
        };
        let mut tree = Tree::default();
        for (path, entry) in self.tree.entries() {
            if let Some(path) = below(path) {
                let fits = tree.insert(path, entry.clone());
                fits.expect("entries of one tree stay distinct without their common parent");
            }
        }
        self.tree = tree;
        let details = std::mem::take(&mut self.details);
        let moved = |(path, detail)| Some((below(&path)?, detail));
        self.details = details.into_iter().filter_map(moved).collect();
    }
}

/// The stamp of an entry of the scratch tree.
pub(crate) fn stamp_at(root: BorrowedFd<'_>, path: &str) -> Result<Stamp, CallError> {
    match look(root, path)? {
        Some(stat) => Ok(Stamp::of(&stat)),
        None => Err(Errno::NOENT).attempt("fstatat", path),
    }
}

fn seal(file: &File, executable: bool) -> rustix::io::Result<Stamp> {
    let mode = if executable { 0o555 } else { 0o444 };
    fchmod(file, Mode::from_raw_mode(mode))?;
    futimens(file, &both_times(MTIME))?;
    Ok(Stamp::of(&fstat(file)?))
}

fn single_top(tree: &Tree) -> Option<String> {
    let mut tops = tree
        .entries()
        .filter(|(path, _)| !path.as_str().contains('/'));
    match (tops.next(), tops.next()) {
        (Some((path, Entry::Directory)), None) => Some(path.as_str().to_owned()),
        _ => None,
    }
}
