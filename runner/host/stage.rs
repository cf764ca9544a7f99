//! Putting a stored tree into a sandbox place: fresh copies in a chosen order, owned and dated as told.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;

use rustix::fd::BorrowedFd;
use rustix::fs::{Gid, Mode, Uid, fchmod, fchown, futimens, ioctl_ficlone};
use zwieback_model::digest::{Fingerprint, Hasher};
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::{
    both_times, create_file, ensure_dir, make_symlink, open_dir, open_file, set_mode, set_mtime,
    set_owner,
};
use crate::store::error::StoreError;
use crate::store::stored::StoredTree;

/// How a tree is staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageOptions {
    /// In which order entries are made: readdir and inode numbers follow it.
    pub order: Order,
    /// The modification time of every entry, in seconds since 1970; `None` leaves it to the clock.
    pub mtime: Option<i64>,
    /// Who owns the entries; `None` leaves them to the runner.
    pub owner: Option<Owner>,
    /// Whether the owner may change what is staged.
    pub access: Access,
    /// How sure it is to be that the bytes are those of the tree.
    pub bytes: Bytes,
    /// Whether the top directory is treated like those in it, or left as it is.
    pub top: Top,
}

/// The order in which entries are made: one of the factors that the two runs vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Sorted,
    /// By name, from the last to the first; a directory still comes before what it holds.
    Reversed,
}

/// A user and a group on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// What becomes of the directory into which a tree is staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// It gets mode, owner and time like every directory of the tree.
    Dressed,
    /// It stays as it is.
    AsItIs,
}

/// What is known of the bytes that are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// They were checked when the tree was opened; here only lengths are compared.
    Known,
    /// They are hashed while they are copied: who takes them has no other check.
    Hashed,
}

/// What the owner may do with staged entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything: 0755 and 0644.
    Writable,
    /// Read: 0555 and 0444.
    ReadOnly,
}

/// Copies a stored tree below `into`, or below the directory `under` of it, which is made if need be.
///
/// Files are copies, shared block by block where the file system can, never links: writing to a hard link would
/// change the store.
pub fn stage(
    tree: &StoredTree,
    into: BorrowedFd<'_>,
    under: Option<&RelPath>,
    options: &StageOptions,
) -> Result<(), StoreError> {
    let source = tree.open()?;
    let top = match under {
        Some(under) => make_way(into, under, options)?,
        None => open_dir(into, ".")?,
    };
    let stager = Stager {
        source: source.as_fd(),
        top: top.as_fd(),
        options,
    };
    let entries = in_order(tree.tree(), options.order);
    for (path, entry) in &entries {
        stager.put(path, entry)?;
    }
    // Last, and from below: making an entry changes the time of the directory that holds it.
    let directories = entries.iter().rev();
    let directories = directories.filter(|(_, entry)| matches!(entry, Entry::Directory));
    for (path, _) in directories {
        stager.finish_dir(path.as_str())?;
    }
    match options.top {
        Top::Dressed => Ok(stager.finish_dir(".")?),
        Top::AsItIs => Ok(()),
    }
}

/// The entries of a tree in the order in which they are made; a function of the tree and nothing else.
pub fn in_order(tree: &Tree, order: Order) -> Vec<(&RelPath, &Entry)> {
    let mut entries: Vec<_> = tree.entries().collect();
    if order == Order::Reversed {
        entries.sort_by(|(one, _), (other, _)| reversed(one, other));
    }
    entries
}

fn reversed(one: &RelPath, other: &RelPath) -> Ordering {
    let (mut one, mut other) = (one.parts(), other.parts());
    loop {
        match (one.next(), other.next()) {
            (Some(here), Some(there)) if here == there => {}
            (Some(here), Some(there)) => return there.cmp(here),
            // The shorter path is the directory.
            (here, there) => return here.is_some().cmp(&there.is_some()),
        }
    }
}

struct Stager<'a> {
    source: BorrowedFd<'a>,
    top: BorrowedFd<'a>,
    options: &'a StageOptions,
}

impl Stager<'_> {
    fn put(&self, path: &RelPath, entry: &Entry) -> Result<(), StoreError> {
        match entry {
            Entry::Directory => Ok(ensure_dir(self.top, path.as_str())?),
            Entry::Symlink { target } => Ok(self.symlink(path, target)?),
            Entry::File {
                content,
                executable,
            } => self.file(path, content, *executable),
        }
    }

    fn symlink(&self, path: &RelPath, target: &str) -> Result<(), CallError> {
        make_symlink(self.top, target, path.as_str())?;
        self.own(path.as_str())?;
        self.date(path.as_str())
    }

    fn file(
        &self,
        path: &RelPath,
        content: &Fingerprint,
        executable: bool,
    ) -> Result<(), StoreError> {
        let shown = path.as_str();
        let from = open_file(self.source, shown)?;
        let to = create_file(self.top, shown)?;
        let is_whole = match self.options.bytes {
            Bytes::Known => {
                let size = copy(&from, &to).attempt("copy_file_range", shown)?;
                size == content.size
            }
            Bytes::Hashed => hashed(&from, &to, content.size).attempt("copy", shown)? == *content,
        };
        if !is_whole {
            return Err(StoreError::Tampered {
                path: shown.to_owned(),
            });
        }
        let mode = if executable { 0o755 } else { 0o644 };
        fchmod(&to, Mode::from_raw_mode(self.mode(mode))).attempt("fchmod", shown)?;
        if let Some(Owner { uid, gid }) = self.options.owner {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            fchown(&to, Some(uid), Some(gid)).attempt("fchown", shown)?;
        }
        if let Some(mtime) = self.options.mtime {
            futimens(&to, &both_times(mtime)).attempt("futimens", shown)?;
        }
        Ok(())
    }

    fn finish_dir(&self, path: &str) -> Result<(), CallError> {
        set_mode(self.top, path, self.mode(0o755))?;
        self.own(path)?;
        self.date(path)
    }

    fn date(&self, path: &str) -> Result<(), CallError> {
        let mtime = self.options.mtime;
        mtime.map_or(Ok(()), |mtime| set_mtime(self.top, path, mtime))
    }

    fn own(&self, path: &str) -> Result<(), CallError> {
        own(self.top, path, self.options)
    }

    fn mode(&self, writable: u32) -> u32 {
        match self.options.access {
            Access::Writable => writable,
            Access::ReadOnly => writable & 0o555,
        }
    }
}

fn make_way(
    into: BorrowedFd<'_>,
    under: &RelPath,
    options: &StageOptions,
) -> Result<rustix::fd::OwnedFd, StoreError> {
    let path = under.as_str();
    let ends = path.match_indices('/').map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        ensure_dir(into, &path[..end])?;
        own(into, &path[..end], options)?;
    }
    Ok(open_dir(into, path)?)
}

fn own(root: BorrowedFd<'_>, path: &str, options: &StageOptions) -> Result<(), CallError> {
    let Some(Owner { uid, gid }) = options.owner else {
        return Ok(());
    };
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    set_owner(root, path, uid, gid)
}

/// Copies at most one byte more than there should be, and tells what was copied.
fn hashed(from: &File, mut to: &File, size: u64) -> io::Result<Fingerprint> {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 128 << 10];
    let mut from = from.take(size.saturating_add(1));
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            count => {
                hasher.update(&piece[..count]);
                to.write_all(&piece[..count])?;
            }
        }
    }
}

fn copy(mut from: &File, mut to: &File) -> io::Result<u64> {
    if ioctl_ficlone(to, from).is_ok() {
        return Ok(from.metadata()?.len());
    }
    // Tries copy_file_range(2) and sendfile(2) before it reads and writes.
    io::copy(&mut from, &mut to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree_of(paths: &[String]) -> Tree {
        let mut tree = Tree::default();
        for path in paths {
            let _taken_is_fine = tree.insert(path.parse().unwrap(), Entry::Directory);
        }
        tree
    }

    #[test]
    fn siblings_turn_around_and_parents_stay_first() {
        let tree = tree_of(&["a/x".into(), "a/y".into(), "a-b".into(), "c".into()]);
        let paths: Vec<_> = in_order(&tree, Order::Reversed)
            .into_iter()
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(paths, ["c", "a-b", "a", "a/y", "a/x"]);
    }

    proptest! {
        #[test]
        fn parents_always_come_first(paths in prop::collection::vec("[a-c-]{1,2}(/[a-c]{1,2}){0,3}", 0..20)) {
            let tree = tree_of(&paths);
            for order in [Order::Sorted, Order::Reversed] {
                let entries = in_order(&tree, order);
                prop_assert_eq!(entries.len(), tree.len());
                for (at, (path, _)) in entries.iter().enumerate() {
                    let Some(parent) = path.parent() else { continue };
                    prop_assert!(entries[..at].iter().any(|(before, _)| **before == parent));
                }
            }
        }
    }
}
