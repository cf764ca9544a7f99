//! A tree in the store, and the cheap check that nobody touched it.

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, Stat, fchmod};
use zwieback_model::canonical_tree;
use zwieback_model::digest::Digest;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};
use zwieback_sandbox::call::Attempt as _;

use crate::fs::beneath::{look, names, open_dir, open_file, read_symlink_at};
use crate::fs::stamp::Stamp;
use crate::store::blob::holds;
use crate::store::error::StoreError;
use crate::store::place::{Store, manifest_place, tree_place};
use crate::store::record::read_small;
use crate::store::stamps::{recorded_stamps, untouched, write_stamps};
use crate::store::writer::stamp_at;

/// A tree in the store, materialised and read-only.
#[derive(Clone, Debug)]
pub struct StoredTree {
    store: Store,
    digest: Digest,
    path: PathBuf,
    tree: Tree,
}

impl Store {
    /// The tree with this digest. Call [`StoredTree::check_quick`] before its files are used.
    pub fn tree(&self, digest: &Digest) -> Result<Option<StoredTree>, StoreError> {
        let place = manifest_place(digest);
        let Some(text) = read_small(self.dir(), &place)? else {
            return Ok(None);
        };
        match canonical_tree::parse(digest, &text) {
            Some(tree) => Ok(Some(StoredTree::new(self, *digest, tree))),
            None => Err(StoreError::Tampered { path: place }),
        }
    }
}

impl StoredTree {
    pub(crate) fn new(store: &Store, digest: Digest, tree: Tree) -> Self {
        Self {
            store: store.clone(),
            path: store.path().join(tree_place(&digest)),
            digest,
            tree,
        }
    }

    /// The name of the tree.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where its files are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Opens its top directory.
    pub fn open(&self) -> Result<OwnedFd, StoreError> {
        Ok(open_dir(self.store.dir(), &tree_place(&self.digest))?)
    }

    /// Closes it to everybody but its owner, whatever becomes of the store's own folder.
    pub fn keep_private(&self) -> Result<(), StoreError> {
        let private = Mode::from_raw_mode(0o700);
        fchmod(self.open()?, private).attempt("fchmod", tree_place(&self.digest))?;
        Ok(())
    }

    /// Checks by inode, size and times that nothing was changed; only what looks changed is read.
    pub fn check_quick(&self) -> Result<(), StoreError> {
        let mut before = recorded_stamps(&self.store, &self.digest)?;
        if before.len() != self.tree.len() + 1 {
            before.clear();
        }
        let paths: Vec<&str> = self.tree.entries().map(|(path, _)| path.as_str()).collect();
        if let Ok(root) = self.open()
            && untouched(root.as_fd(), &paths, &before)
        {
            return Ok(());
        }
        let (top, now) = self.check_against(&before)?;
        // Everything that looked changed has the right bytes: a copied store, a new link to a shared file.
        write_stamps(&self.store, &self.digest, top, &now)
    }

    /// Takes the stamps as they are: only right after a check, when the store itself changed link counts.
    pub(crate) fn renew_stamps(&self) -> Result<(), StoreError> {
        let root = self.open()?;
        let paths = self.tree.entries().map(|(path, _)| path.as_str());
        let stamps = paths.map(|path| stamp_at(root.as_fd(), path));
        let stamps = stamps.collect::<Result<Vec<_>, _>>()?;
        write_stamps(
            &self.store,
            &self.digest,
            stamp_at(root.as_fd(), ".")?,
            &stamps,
        )
    }

    /// Reads every file again, with two threads.
    pub fn check_whole(&self) -> Result<(), StoreError> {
        let root = self.open().map_err(|_| self.tampered("."))?;
        self.examine_directory(&root, None)?;
        let entries: Vec<_> = self.tree.entries().collect();
        // By turns: neighbours in a tree are alike in size, halves of it are not.
        let examine_every_second = |first: usize| {
            let mut mine = entries.iter().skip(first).step_by(2);
            mine.try_for_each(|(path, entry)| {
                let stat = look(root.as_fd(), path.as_str())?;
                let stat = stat.ok_or_else(|| self.tampered(path.as_str()))?;
                self.examine(&root, path, entry, &stat)
            })
        };
        thread::scope(|scope| {
            let odd = scope.spawn(|| examine_every_second(1));
            examine_every_second(0)?;
            odd.join().unwrap_or_else(|_| Err(self.tampered(".")))
        })
    }

    /// The stamps as they are now, after a closer look at each that is not in `before`.
    fn check_against(&self, before: &[Stamp]) -> Result<(Stamp, Vec<Stamp>), StoreError> {
        let root = self.open().map_err(|_| self.tampered("."))?;
        let top = Stamp::of(&look(root.as_fd(), ".")?.ok_or_else(|| self.tampered("."))?);
        if before.first() != Some(&top) {
            self.examine_directory(&root, None)?;
        }
        let recorded = before
            .iter()
            .skip(1)
            .map(Some)
            .chain(std::iter::repeat(None));
        let mut now = Vec::with_capacity(self.tree.len());
        for ((path, entry), recorded) in self.tree.entries().zip(recorded) {
            let stat = look(root.as_fd(), path.as_str())?;
            let stat = stat.ok_or_else(|| self.tampered(path.as_str()))?;
            let stamp = Stamp::of(&stat);
            if recorded != Some(&stamp) {
                self.examine(&root, path, entry, &stat)?;
            }
            now.push(stamp);
        }
        Ok((top, now))
    }

    fn examine(
        &self,
        root: &OwnedFd,
        path: &RelPath,
        entry: &Entry,
        stat: &Stat,
    ) -> Result<(), StoreError> {
        let kind = FileType::from_raw_mode(stat.st_mode);
        let mode = stat.st_mode & 0o7777;
        let same = match entry {
            Entry::Directory => {
                self.examine_directory(root, Some(path))?;
                mode == 0o555
            }
            Entry::File {
                content,
                executable,
            } => {
                let wanted = if *executable { 0o555 } else { 0o444 };
                kind == FileType::RegularFile
                    && mode == wanted
                    && holds(
                        open_file(root.as_fd(), path.as_str())?,
                        content,
                        path.as_str(),
                    )?
            }
            Entry::Symlink { target } => {
                kind == FileType::Symlink
                    && read_symlink_at(root.as_fd(), path.as_str())?.as_bytes() == target.as_bytes()
            }
        };
        if same {
            Ok(())
        } else {
            Err(self.tampered(path.as_str()))
        }
    }

    /// Whether a directory holds nothing that is not in the tree; what is missing is found by its own entry.
    fn examine_directory(&self, root: &OwnedFd, path: Option<&RelPath>) -> Result<(), StoreError> {
        let shown = path.map_or(".", RelPath::as_str);
        let dir = open_dir(root.as_fd(), shown).map_err(|_| self.tampered(shown))?;
        for entry in names(dir.as_fd())? {
            let (name, _) = entry?;
            let name = name.to_string_lossy();
            let below = path.map_or_else(|| name.to_string(), |path| format!("{path}/{name}"));
            if self.tree.get(&below).is_none() {
                return Err(self.tampered(&below));
            }
        }
        Ok(())
    }

    fn tampered(&self, path: &str) -> StoreError {
        StoreError::Tampered {
            path: format!("{}/{path}", tree_place(&self.digest)),
        }
    }
}
