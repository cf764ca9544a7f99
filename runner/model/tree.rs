//! A tree: files, directories and symlinks, and nothing a build could hide in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Fingerprint};
use crate::rel_path::RelPath;

/// The first line of a tree's canonical bytes.
const HEADER: &str = "zwieback-tree v1\n";

/// What lies at one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Entry {
    /// A regular file: its content and the executable bit; no times, no owner, no other mode bits.
    File {
        /// Digests and size of the content.
        content: Fingerprint,
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link, recorded as written and never followed.
    Symlink {
        /// The text of the link.
        target: String,
    },
}

/// Entries by path. Every parent of an entry is itself a [`Entry::Directory`] once the tree is sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree {
    entries: BTreeMap<RelPath, Entry>,
}

/// Why an entry does not fit into a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Two entries at one path that are not the same.
    #[error("`{0}` is there already, and is something else")]
    Conflict(RelPath),
    /// A parent of the path is a file or a symlink.
    #[error("`{path}` lies below `{parent}`, which is no directory")]
    ParentIsNoDirectory {
        /// The entry that was to be added.
        path: RelPath,
        /// What stands in its way.
        parent: RelPath,
    },
}

impl Tree {
    /// Adds an entry and the directories above it. Adding an equal entry twice is no error.
    pub fn insert(&mut self, path: RelPath, entry: Entry) -> Result<(), TreeError> {
        self.add_parents(&path)?;
        match self.entries.get(&path) {
            Some(old) if *old != entry => Err(TreeError::Conflict(path)),
            Some(_) => Ok(()),
            None => {
                self.entries.insert(path, entry);
                Ok(())
            }
        }
    }

    /// The entry at a path.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// All entries in the order of their paths; a directory comes before what it holds.
    pub fn entries(
        &self,
    ) -> impl ExactSizeIterator<Item = (&RelPath, &Entry)> + DoubleEndedIterator {
        self.entries.iter()
    }

    /// The regular files in order.
    pub fn files(&self) -> impl Iterator<Item = (&RelPath, &Fingerprint)> {
        self.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::File { content, .. } => Some((path, content)),
            Entry::Directory | Entry::Symlink { .. } => None,
        })
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The sum of the sizes of all files.
    pub fn total_size(&self) -> u64 {
        self.files().map(|(_, content)| content.size).sum()
    }

    /// One line an entry, in the order of the paths, with names escaped: what the digest is taken over.
    pub fn canonical(&self) -> String {
        let mut text = HEADER.to_owned();
        for (path, entry) in &self.entries {
            write_entry(&mut text, path, entry);
        }
        text
    }

    /// The SHA-256 of the canonical bytes: the public name of the tree.
    pub fn digest(&self) -> Digest {
        Digest::sha256(self.canonical().as_bytes())
    }

    fn add_parents(&mut self, path: &RelPath) -> Result<(), TreeError> {
        let mut missing = Vec::new();
        let mut above = path.parent();
        while let Some(parent) = above {
            match self.entries.get(&parent) {
                Some(Entry::Directory) => break,
                Some(_) => {
                    return Err(TreeError::ParentIsNoDirectory {
                        path: path.clone(),
                        parent,
                    });
                }
                None => above = parent.parent(),
            }
            missing.push(parent);
        }
        self.entries
            .extend(missing.into_iter().map(|parent| (parent, Entry::Directory)));
        Ok(())
    }
}

fn write_entry(text: &mut String, path: &RelPath, entry: &Entry) {
    // A path holds no control character (RelPath), so a line cannot be forged by a name;
    // a symlink's target can hold anything and is escaped.
    let written = match entry {
        Entry::Directory => writeln!(text, "d {path}"),
        Entry::Symlink { target } => writeln!(text, "l {path}\0{}", target.escape_default()),
        Entry::File {
            content,
            executable,
        } => {
            let kind = if *executable { 'x' } else { 'f' };
            writeln!(
                text,
                "{kind} {path}\0{} {} {}",
                content.sha256, content.blake3, content.size
            )
        }
    };
    written.expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> Entry {
        Entry::File {
            content: Fingerprint::of(bytes),
            executable: false,
        }
    }

    fn path(text: &str) -> RelPath {
        text.parse().unwrap()
    }

    #[test]
    fn parents_appear_by_themselves() {
        let mut tree = Tree::default();
        tree.insert(path("a/b/c"), file(b"1")).unwrap();
        let paths: Vec<_> = tree.entries().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a", "a/b", "a/b/c"]);
    }

    #[test]
    fn the_order_of_insertion_does_not_matter() {
        let mut one = Tree::default();
        one.insert(path("a"), file(b"1")).unwrap();
        one.insert(path("b"), file(b"2")).unwrap();
        let mut two = Tree::default();
        two.insert(path("b"), file(b"2")).unwrap();
        two.insert(path("a"), file(b"1")).unwrap();
        assert_eq!(one.digest(), two.digest());
    }

    #[test]
    fn every_property_counts() {
        let variants = [
            file(b"1"),
            file(b"2"),
            Entry::File {
                content: Fingerprint::of(b"1"),
                executable: true,
            },
            Entry::Directory,
            Entry::Symlink { target: "1".into() },
        ];
        let mut digests: Vec<_> = variants
            .into_iter()
            .map(|entry| {
                let mut tree = Tree::default();
                tree.insert(path("a"), entry).unwrap();
                tree.digest()
            })
            .collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 5);
    }

    #[test]
    fn a_file_cannot_be_a_parent() {
        let mut tree = Tree::default();
        tree.insert(path("a"), file(b"1")).unwrap();
        assert!(matches!(
            tree.insert(path("a/b"), Entry::Directory),
            Err(TreeError::ParentIsNoDirectory { .. })
        ));
        assert_eq!(
            tree.insert(path("a"), file(b"2")),
            Err(TreeError::Conflict(path("a")))
        );
    }

    #[test]
    fn a_symlink_cannot_forge_a_line() {
        let mut tree = Tree::default();
        tree.insert(
            path("a"),
            Entry::Symlink {
                target: "x\nd evil".into(),
            },
        )
        .unwrap();
        assert_eq!(tree.canonical().lines().count(), 2);
    }
}
