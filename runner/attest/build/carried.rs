//! A folder of the project that its statement carries: its tree, and the bytes of every file.
//!
//! A package can be fetched again by whoever knows its digest; a folder lies in its builder's project and
//! nowhere else. It is carried as inputs whose `content` are exactly the bytes that their digest names:
//!
//! ```text
//! folder NAME         the canonical bytes of the tree: names, executable bits, links, digests
//! file NAME/PATH      the bytes of one file; an empty one has no content
//! ```

use std::collections::BTreeMap;

use zwieback_model::canonical_tree;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};

use crate::build_type::{FILE, FOLDER};
use crate::resource::{LARGEST_CONTENT, ResourceDescriptor};

/// A tree and the bytes of its files, each checked against its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedFolder {
    tree: Tree,
    files: BTreeMap<RelPath, Vec<u8>>,
}

/// What lies at the builder's and nowhere else, so that the statement brings the bytes of what is small.
#[derive(Clone, Debug, Default)]
pub struct Carried<'a> {
    /// Every patch, by its path in the recipe's folder.
    pub patches: BTreeMap<&'a RelPath, &'a [u8]>,
    /// The folders that are small enough, by the source that they are.
    pub folders: BTreeMap<&'a Name, CarriedFolder>,
}

/// Why bytes do not make up the folder that they were carried as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarriedError {
    /// Other bytes than the digest names, or another spelling of a tree.
    #[error("its tree is not that of the digest {0}, in canonical form")]
    Tree(Digest),
    /// More than [`LARGEST_CONTENT`].
    #[error("it has more than {LARGEST_CONTENT} bytes")]
    TooLarge,
    /// A file of the tree has other bytes, or none.
    #[error("the bytes of `{0}` are not those that its tree names")]
    OtherBytes(RelPath),
    /// Bytes of a file that the tree does not have.
    #[error("`{0}` is no file of its tree")]
    Stray(RelPath),
    /// A link that leads out of the folder: no project's folder is taken with one.
    #[error("the link `{0}` leads out of it")]
    LeadsOut(RelPath),
}

impl CarriedFolder {
    /// Whether a folder is small enough to be carried: its tree in canonical form and the bytes of all
    /// of its files are together at most [`LARGEST_CONTENT`].
    pub fn fits(tree: &Tree) -> bool {
        let names = tree.canonical().len() as u64;
        tree.total_size().saturating_add(names) <= LARGEST_CONTENT as u64
    }

    /// A small folder; `files` holds the bytes of every file of its tree and of no other.
    pub fn new(tree: Tree, files: BTreeMap<RelPath, Vec<u8>>) -> Result<Self, CarriedError> {
        if !Self::fits(&tree) {
            return Err(CarriedError::TooLarge);
        }
        for (path, entry) in tree.entries() {
            check(path, entry, files.get(path))?;
        }
        let is_stray =
            |path: &&RelPath| !matches!(tree.get(path.as_str()), Some(Entry::File { .. }));
        match files.keys().find(is_stray) {
            Some(path) => Err(CarriedError::Stray(path.clone())),
            None => Ok(Self { tree, files }),
        }
    }

    /// Reads what a statement carries of the folder whose tree has this digest.
    pub fn read(
        digest: &Digest,
        tree: &[u8],
        mut files: BTreeMap<RelPath, Vec<u8>>,
    ) -> Result<Self, CarriedError> {
        let read = canonical_tree::parse(digest, tree);
        let read = read.filter(|it| it.canonical().as_bytes() == tree);
        let read = read.ok_or(CarriedError::Tree(*digest))?;
        for (path, content) in read.files() {
            if content.size == 0 {
                files.entry(path.clone()).or_default();
            }
        }
        Self::new(read, files)
    }

    /// What is in it.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The bytes of one of its files.
    pub fn file(&self, path: &RelPath) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The bytes that the digest of its tree is taken over.
    pub(super) fn content(&self) -> Vec<u8> {
        self.tree.canonical().into_bytes()
    }

    /// Its files as inputs.
    pub(super) fn inputs<'a>(
        &'a self,
        source: &'a Name,
    ) -> impl Iterator<Item = ResourceDescriptor> + 'a {
        self.tree.files().map(move |(path, print)| {
            let mut input = ResourceDescriptor::named(format!("{FILE}{source}/{path}"), print);
            // In JSON no bytes and no content are the same.
            input.content = self.files.get(path).filter(|it| !it.is_empty()).cloned();
            input
        })
    }
}

/// The folders of a statement under reading: inputs come in any order.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    /// By source: the digest of the tree, and its canonical bytes where they are carried.
    pub(super) trees: BTreeMap<Name, (Digest, Option<Vec<u8>>)>,
    files: BTreeMap<Name, BTreeMap<RelPath, Vec<u8>>>,
}

impl Claimed {
    /// Takes an input, if it is a folder or a file of one.
    pub(super) fn add(&mut self, one: &ResourceDescriptor) -> Option<()> {
        let name = one.name.as_deref()?;
        let digest = one.digest.get_sha256()?;
        if let Some(source) = name.strip_prefix(FOLDER) {
            let tree = (digest, one.content.clone());
            self.trees.insert(source.parse().ok()?, tree);
        } else {
            let (source, path) = name.strip_prefix(FILE)?.split_once('/')?;
            let files = self.files.entry(source.parse().ok()?).or_default();
            files.insert(path.parse().ok()?, one.content.clone().unwrap_or_default());
        }
        Some(())
    }

    /// The canonical bytes of the tree of one source.
    pub(super) fn take_tree(&mut self, source: &Name) -> Option<Vec<u8>> {
        self.trees.get_mut(source)?.1.take()
    }

    /// The bytes of the files of one source.
    pub(super) fn take_files(&mut self, source: &Name) -> BTreeMap<RelPath, Vec<u8>> {
        self.files.remove(source).unwrap_or_default()
    }

    /// A source of whose files some are left: no folder of the statement is it.
    pub(super) fn left_over(&self) -> Option<&Name> {
        self.files.keys().next()
    }
}

fn check(path: &RelPath, entry: &Entry, bytes: Option<&Vec<u8>>) -> Result<(), CarriedError> {
    match entry {
        Entry::Directory => Ok(()),
        Entry::Symlink { target } if path.links_inside(target) => Ok(()),
        Entry::Symlink { .. } => Err(CarriedError::LeadsOut(path.clone())),
        Entry::File { content, .. } => {
            let is_same = bytes.is_some_and(|bytes| Fingerprint::of(bytes) == *content);
            is_same
                .then_some(())
                .ok_or_else(|| CarriedError::OtherBytes(path.clone()))
        }
    }
}

#[cfg(test)]
#[path = "carried_tests.rs"]
mod tests;
