//! Whether a folder is an earlier export, of which nothing is lost when another one takes its place.
//!
//! It is one if everything in it is named by the tree that lies in it, with the same bytes, and the rest is
//! what an export writes besides. A file that was changed or added is its user's own, and so is the folder then.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use zwieback_attest::bundle::{self, Bundle};
use zwieback_attest::output_tree::{self, SUMS, sums_of};
use zwieback_host::fs::beneath::{names, open_file};
use zwieback_host::fs::folder_walk::{Bounds, FolderEntry, FolderError, Kind, walk_folder};
use zwieback_host::fs::site::{Site, There};
use zwieback_host::fs::stamp::Stamp;
use zwieback_host::fs::walk::Next;
use zwieback_model::canonical_tree;
use zwieback_model::digest::Digest;
use zwieback_model::tree::{Entry, Tree};
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::pipeline::context::error::PipelineError;

/// The longest tree that is read: a million entries take less.
const LONGEST_TREE: u64 = 512 << 20;
/// How every one begins.
const TREE_HEAD: &[u8; 16] = b"zwieback-tree v1";
/// The most trees that are taken for what an export wrote: it writes one, and outputs may be such files.
const MOST_TREES: usize = 4;
/// The longest of the other files that an export writes.
const LONGEST: u64 = 256 << 20;

/// What an export may replace.
#[derive(Debug)]
pub struct Earlier {
    /// The folder, unless nothing is there or nothing is in it.
    pub folder: Option<Known>,
    /// The folder beside it.
    pub beside: Option<Known>,
}

/// A folder in which everything is known.
#[derive(Debug)]
pub struct Known {
    /// The folder.
    pub dir: OwnedFd,
    seen: Vec<(Vec<u8>, Stamp)>,
}

/// What lies at a place and beside it, if an export may be put there.
pub fn look(site: &Site, beside: &Site) -> Result<Earlier, PipelineError> {
    let places = [Place::open(site)?, Place::open(beside)?];
    let [folder, aside] = &places;
    if !folder.is_filled && !aside.is_filled {
        return Ok(Earlier {
            folder: None,
            beside: None,
        });
    }
    let holder = if aside.is_filled { aside } else { folder };
    let none = "holds files, and none of them is the tree of an earlier export";
    let mut refused = (holder.site, none.to_owned());
    for (name, tree) in holder.manifests()? {
        let written = Written {
            name: &name,
            tree: &tree,
        };
        match known(&places, holder, written) {
            Ok(earlier) => return Ok(earlier),
            Err(why) => refused = why,
        }
    }
    Err(in_the_way(refused.0.path(), refused.1))
}

/// Both folders, if they are what an export of that tree made of them.
fn known<'s>(
    [folder, aside]: &[Place<'s>; 2],
    holder: &Place<'_>,
    written: Written<'_>,
) -> Result<Earlier, (&'s Site, String)> {
    let inside = |place: &Place<'_>| std::ptr::eq(place.site, holder.site).then_some(written);
    let of = |place: &Place<'s>, tree: &Tree| {
        let known = place.known(tree, inside(place));
        known.map_err(|Foreign(why)| (place.site, why))
    };
    Ok(Earlier {
        folder: of(folder, written.tree)?,
        beside: of(aside, &Tree::default())?,
    })
}

impl Known {
    /// Whether nothing was added, removed or changed since.
    pub fn is_as_it_was(&self) -> bool {
        let mut seen = Vec::new();
        let walked = walk_folder(self.dir.as_fd(), &Bounds::default(), |entry| {
            seen.push((entry.path.to_vec(), entry.stamp));
            Ok::<_, FolderError>(Next::Inside)
        });
        walked.is_ok() && seen == self.seen
    }
}

/// The error about a folder that is not to be replaced.
pub fn in_the_way(path: &Path, why: String) -> PipelineError {
    PipelineError::InTheWay {
        path: path.to_owned(),
        why,
        way_out: "move it away, or name another folder; one that an export made is replaced as long as nothing \
                  in it was changed or added",
    }
}

/// What an export wrote beside the outputs: its tree, and the two files that follow from it.
#[derive(Clone, Copy)]
struct Written<'a> {
    name: &'a str,
    tree: &'a Tree,
}

/// Why a folder is not an earlier export.
struct Foreign(String);

impl From<FolderError> for Foreign {
    fn from(error: FolderError) -> Self {
        Self(format!("cannot be read: {error}"))
    }
}

impl From<CallError> for Foreign {
    fn from(fault: CallError) -> Self {
        FolderError::from(fault).into()
    }
}

/// Everything in a folder, with its stamps, if the tree or what was written besides has it.
fn compare(
    dir: BorrowedFd<'_>,
    tree: &Tree,
    written: Option<Written<'_>>,
) -> Result<Vec<(Vec<u8>, Stamp)>, Foreign> {
    let mut seen = Vec::new();
    let mut bundles = 0;
    walk_folder(dir, &Bounds::default(), |entry| {
        let path = std::str::from_utf8(entry.path).unwrap_or_default();
        let is_known = match (tree.get(path), written) {
            (Some(expected), _) => is_same(entry, expected)?,
            (None, Some(written)) if is_bundle(path) => {
                bundles += 1;
                bundles == 1 && is_beside(entry, path, written)?
            }
            (None, Some(written)) => is_beside(entry, path, written)?,
            (None, None) => false,
        };
        seen.push((entry.path.to_vec(), entry.stamp));
        if is_known {
            Ok(Next::Inside)
        } else {
            let why = format!(
                "holds `{}`, which is not as an export wrote it",
                entry.shown()
            );
            Err(Foreign(why))
        }
    })?;
    Ok(seen)
}

fn is_same(entry: &FolderEntry<'_>, expected: &Entry) -> Result<bool, Foreign> {
    Ok(match (&entry.kind, expected) {
        (Kind::Directory, Entry::Directory) => true,
        (Kind::Symlink { target }, Entry::Symlink { target: expected }) => {
            target == expected.as_bytes()
        }
        (Kind::File, Entry::File { content, .. }) => {
            entry.stamp.size == content.size && entry.fingerprint()? == *content
        }
        _ => false,
    })
}

fn is_beside(entry: &FolderEntry<'_>, path: &str, written: Written<'_>) -> Result<bool, Foreign> {
    if entry.kind != Kind::File || path.contains('/') {
        return Ok(false);
    }
    if path == written.name {
        return Ok(read(entry.open()?, LONGEST_TREE)? == written.tree.canonical().as_bytes());
    }
    if path == SUMS {
        return Ok(read(entry.open()?, LONGEST)? == sums_of(written.tree).as_bytes());
    }
    Ok(is_bundle(path) && Bundle::parse(&read(entry.open()?, LONGEST)?).is_ok())
}

fn is_bundle(path: &str) -> bool {
    path.ends_with(bundle::ENDING)
}

/// The files at the top of a folder that are a tree's canonical bytes, and the trees: a few, as all that lies
/// there is read for each.
fn manifests(dir: BorrowedFd<'_>) -> Result<Vec<(String, Tree)>, CallError> {
    let mut found = Vec::new();
    let mut left = LONGEST_TREE;
    for entry in names(dir)? {
        let Ok(name) = entry?.0.into_string() else {
            continue;
        };
        if !name.ends_with(output_tree::ENDING) {
            continue;
        }
        // What is no regular file, or cannot be opened, is no tree; it is found foreign with the rest.
        let Ok(file) = open_file(dir, &name) else {
            continue;
        };
        let is_affordable = |about: Metadata| about.is_file() && about.len() <= left;
        if !file.metadata().is_ok_and(is_affordable) || !begins_like_a_tree(&file) {
            continue;
        }
        let bytes = read(file, left)?;
        left -= bytes.len() as u64;
        let tree = canonical_tree::parse(&Digest::sha256(&bytes), &bytes);
        found.extend(
            tree.filter(|tree| tree.canonical().as_bytes() == bytes)
                .map(|tree| (name, tree)),
        );
        if found.len() == MOST_TREES {
            break;
        }
    }
    Ok(found)
}

fn begins_like_a_tree(file: &File) -> bool {
    let mut head = [0; TREE_HEAD.len()];
    file.read_exact_at(&mut head, 0).is_ok() && head == *TREE_HEAD
}

fn read(file: File, most: u64) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .attempt("read", "a file of an export")?;
    Ok(bytes)
}

/// A place, and the folder that lies there.
struct Place<'s> {
    site: &'s Site,
    dir: Option<OwnedFd>,
    is_filled: bool,
}

impl<'s> Place<'s> {
    fn open(site: &'s Site) -> Result<Self, PipelineError> {
        let refuse = |why: &str, way_out| PipelineError::InTheWay {
            path: site.path().to_owned(),
            why: why.to_owned(),
            way_out,
        };
        let dir = match site.look()? {
            There::Nothing => None,
            There::Folder(dir) => Some(dir),
            There::Link => {
                let why = "is a symbolic link, and an export follows none";
                return Err(refuse(
                    why,
                    "remove the link, or name the folder that it leads to",
                ));
            }
            There::Other => {
                return Err(refuse(
                    "is no folder",
                    "move it away, or name another folder",
                ));
            }
        };
        let is_filled = match &dir {
            Some(dir) => names(dir.as_fd())?.next().transpose()?.is_some(),
            None => false,
        };
        Ok(Self {
            site,
            dir,
            is_filled,
        })
    }

    fn manifests(&self) -> Result<Vec<(String, Tree)>, PipelineError> {
        let found = self.dir.as_ref().map(|dir| manifests(dir.as_fd()));
        Ok(found.transpose()?.unwrap_or_default())
    }

    fn known(&self, tree: &Tree, written: Option<Written<'_>>) -> Result<Option<Known>, Foreign> {
        let Some(dir) = self.dir.as_ref().filter(|_| self.is_filled) else {
            return Ok(None);
        };
        let seen = compare(dir.as_fd(), tree, written)?;
        let dir = dir.try_clone().attempt("fcntl", "a folder")?;
        Ok(Some(Known { dir, seen }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// All that lies in the folder is read for each of them.
    #[test]
    fn a_few_trees_of_a_folder_are_held_against_it() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..10 {
            let mut tree = Tree::default();
            let path = format!("d{number}").parse().unwrap();
            tree.insert(path, Entry::Directory).unwrap();
            let name = format!("{number}{}", output_tree::ENDING);
            fs::write(folder.path().join(name), tree.canonical()).unwrap();
        }
        let dir = File::open(folder.path()).unwrap();
        assert_eq!(manifests(dir.as_fd()).unwrap().len(), MOST_TREES);
    }
}
