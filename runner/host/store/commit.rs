//! Making a written tree visible, all at once.

use rustix::io::Errno;
use zwieback_model::digest::Digest;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};

use crate::fs::beneath::{make_dir, rename, set_mode, set_mtime};
use crate::fs::stamp::Stamp;
use crate::store::error::StoreError;
use crate::store::place::{Store, manifest_place, stamps_place, tree_place};
use crate::store::record::{remove_small, write_small};
use crate::store::scratch::Scratch;
use crate::store::stamps::write_stamps;
use crate::store::stored::StoredTree;
use crate::store::writer::{MTIME, TreeWriter, stamp_at};

impl TreeWriter {
    /// Makes the tree visible under its digest. Equal trees of two writers become one.
    pub fn commit(self) -> Result<StoredTree, StoreError> {
        let stamps = self.seal()?;
        let tree = std::mem::take(&mut self.state().tree);
        let text = tree.canonical();
        let digest = Digest::sha256(text.as_bytes());
        // One at a time from here: what lies at the tree's place without a manifest is garbage of a crash.
        let _lock = self.store.commit_lock()?;
        if let Some(found) = self.store.tree(&digest)?
            && found.check_quick().is_ok()
        {
            return Ok(found);
        }
        self.store.clear_tree(&digest)?;
        let place = tree_place(&digest);
        let store = self.store.dir();
        rename(self.scratch.dir(), &self.place, store, &place)?;
        // Only now: rename(2) needs write permission on a directory that gets another parent.
        set_mode(store, &place, 0o555)?;
        let top = stamp_at(store, &place)?;
        write_stamps(&self.store, &digest, top, &stamps)?;
        write_small(&self.store, &manifest_place(&digest), text.as_bytes())?;
        Ok(StoredTree::new(&self.store, digest, tree))
    }

    /// Fixes the modes and times of the directories, and answers the stamps in the tree's order.
    fn seal(&self) -> Result<Vec<Stamp>, StoreError> {
        let mut state = self.state();
        if state.unfinished > 0 {
            return Err(StoreError::Unfinished(state.unfinished));
        }
        let directories: Vec<_> = directories(&state.tree);
        for path in directories {
            set_mode(self.root(), path.as_str(), 0o555)?;
            set_mtime(self.root(), path.as_str(), MTIME)?;
            let stamp = stamp_at(self.root(), path.as_str())?;
            if let Some(detail) = state.details.get_mut(&path) {
                detail.stamp = stamp;
            }
        }
        set_mtime(self.scratch.dir(), &self.place, MTIME)?;
        Ok(state.details.values().map(|it| it.stamp).collect())
    }
}

impl Store {
    /// Forgets a tree, so that it is made again.
    pub fn remove_tree(&self, digest: &Digest) -> Result<(), StoreError> {
        let _lock = self.commit_lock()?;
        self.clear_tree(digest)
    }

    /// Removes what lies at the place of a tree: the manifest first, so that no one finds half a tree.
    pub(crate) fn clear_tree(&self, digest: &Digest) -> Result<(), StoreError> {
        remove_small(self, &manifest_place(digest))?;
        remove_small(self, &stamps_place(digest))?;
        let place = tree_place(digest);
        let scratch = Scratch::new(self)?;
        match set_mode(self.dir(), &place, 0o755) {
            Err(fault) if fault.is(Errno::NOENT) => return Ok(()),
            unlocked => unlocked?,
        }
        make_dir(scratch.dir(), "old")?;
        // Removed where nobody looks, when the scratch directory is dropped.
        Ok(rename(self.dir(), &place, scratch.dir(), "old/tree")?)
    }
}

fn directories(tree: &Tree) -> Vec<RelPath> {
    let directories = tree
        .entries()
        .filter(|(_, entry)| matches!(entry, Entry::Directory));
    directories.map(|(path, _)| path.clone()).collect()
}
