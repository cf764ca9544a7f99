//! Several trees as one, without copying a byte: the files of a merged tree are hard links into the store.

use std::os::fd::AsFd as _;

use rustix::io::Errno;
use zwieback_core::tree::Entry;

use crate::fs::beneath::{make_link, open_file};
use crate::fs::fault::Attempt as _;
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
        tree.check_quick()?;
        let source = tree.open()?;
        for (path, entry) in tree.tree().entries() {
            match entry {
                Entry::Directory => self.directory(path)?,
                Entry::Symlink { target } => self.symlink(path.clone(), target)?,
                Entry::File { executable, .. } => {
                    let vacancy = self.prepare(path)?;
                    let at = path.as_str();
                    let linked = match vacancy {
                        Vacancy::Free => make_link(source.as_fd(), at, self.writer.root(), at),
                        Vacancy::Taken => Ok(()),
                    };
                    match linked {
                        // ext4 takes 65 000 links to one file; an empty file can reach that.
                        Err(fault) if fault.errno == Errno::MLINK => {
                            let mut from = open_file(source.as_fd(), at)?;
                            let mut file = self.file(path.clone(), *executable)?;
                            let copied = std::io::copy(&mut from, &mut file);
                            copied.attempt("write", at)?;
                            file.finish()?;
                        }
                        linked => {
                            linked?;
                            let stamp = stamp_at(self.writer.root(), at)?;
                            self.insert(path.clone(), entry.clone(), stamp)?;
                        }
                    }
                }
            }
        }
        // A new link changes the ctime of the file: without this the next check would read it all.
        tree.renew_stamps()
    }
}
