//! Where a tree lies, for those who do not look into it: checked in a few milliseconds, or not at all.

use std::os::fd::AsFd as _;
use std::path::PathBuf;

use zwieback_model::canonical_tree;
use zwieback_model::digest::Digest;

use crate::fs::beneath::{look, open_dir};
use crate::store::error::StoreError;
use crate::store::place::{Store, manifest_place, tree_place};
use crate::store::record::read_small;
use crate::store::stamps::{recorded_stamps, untouched};

impl Store {
    /// Where a tree lies, neither checked nor loaded: for what signs nothing.
    pub fn unchecked_tree(&self, digest: &Digest) -> Result<Option<PathBuf>, StoreError> {
        let is_there = look(self.dir(), &manifest_place(digest))?.is_some();
        Ok(is_there.then(|| self.path().join(tree_place(digest))))
    }

    /// Where a tree lies, checked but not loaded: all that a mount needs.
    pub fn ready_tree(&self, digest: &Digest) -> Result<Option<PathBuf>, StoreError> {
        let place = manifest_place(digest);
        let Some(text) = read_small(self.dir(), &place)? else {
            return Ok(None);
        };
        let Some(paths) = canonical_tree::paths(digest, &text) else {
            return Err(StoreError::Tampered { path: place });
        };
        let looks_untouched = open_dir(self.dir(), &tree_place(digest)).is_ok_and(|root| {
            let recorded = recorded_stamps(self, digest);
            recorded.is_ok_and(|recorded| untouched(root.as_fd(), &paths, &recorded))
        });
        if !looks_untouched {
            // The slow way tells tampering from new inodes.
            let tree = self.tree(digest)?;
            tree.ok_or(StoreError::NoSuchTree(*digest))?.check_quick()?;
        }
        Ok(Some(self.path().join(tree_place(digest))))
    }
}
