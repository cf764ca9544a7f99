//! Several trees as one, without copying a byte: the files of a merged tree are hard links into the store.

use std::os::fd::AsFd as _;

use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};
use zwieback_sandbox::call::Attempt as _;

use crate::fs::beneath::{make_link, open_file};
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::store::writer::{Layer, Vacancy, stamp_at};

impl Store {
    /// One tree that holds everything the named trees hold; different bytes at one path are an error.
    pub fn merge(&self, trees: &[(&str, &StoredTree)]) -> Result<StoredTree, StoreError> {
        let writer = self.tree_writer()?;
        for (owner, tree) in trees {
            writer.layer(owner).link_from(tree)?;
        }
        writer.commit()
    }
}

impl Layer<'_> {
    /// Puts everything of a stored tree, as links to its files.
    pub fn link_from(&self, tree: &StoredTree) -> Result<(), StoreError> {
        self.link_part(tree, tree.tree())
    }

    /// Puts a part of a stored tree, as links to its files.
    pub fn link_part(&self, tree: &StoredTree, part: &Tree) -> Result<(), StoreError> {
        self.link_placed(tree, part, |path| Some(path.clone()))
    }

    /// Puts a part of a stored tree, each entry where `place` says, as links to its files.
    pub fn link_placed(
        &self,
        tree: &StoredTree,
        part: &Tree,
        place: impl Fn(&RelPath) -> Option<RelPath>,
    ) -> Result<(), StoreError> {
        tree.check_quick()?;
        let source = tree.open()?;
        for (path, entry) in part.entries() {
            let Some(to) = place(path) else { continue };
            match entry {
                Entry::Directory => self.directory(&to)?,
                Entry::Symlink { target } => self.symlink(to, target)?,
                Entry::File { .. } => self.link_file(source.as_fd(), path, to, entry)?,
            }
        }
        // A new link changes the ctime of the file: without this the next check would read it all.
        tree.renew_stamps()
    }

    fn link_file(
        &self,
        source: BorrowedFd<'_>,
        path: &RelPath,
        to: RelPath,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let (from, at) = (path.as_str(), to.as_str());
        let linked = match self.prepare(&to)? {
            Vacancy::Free => make_link(source, from, self.writer.root(), at),
            Vacancy::Taken => Ok(()),
        };
        match linked {
            // ext4 takes 65 000 links to one file; an empty file can reach that.
            Err(fault) if fault.is(Errno::MLINK) => {
                let mut content = open_file(source, from)?;
                let is_executable = matches!(
                    entry,
                    Entry::File {
                        executable: true,
                        ..
                    }
                );
                let mut file = self.file(to.clone(), is_executable)?;
                let copied = std::io::copy(&mut content, &mut file);
                copied.attempt("write", at)?;
                file.finish()?;
                Ok(())
            }
            linked => {
                linked?;
                let stamp = stamp_at(self.writer.root(), at)?;
                self.insert(to, entry.clone(), stamp)
            }
        }
    }
}
