//! What lay in a work tree, kept by name and depth: a path in full would repeat the names of all folders
//! above it in every entry below them.

use std::cmp::Ordering;
use std::mem::size_of;

use rustix::fs::FileType;
use zwieback_model::digest::Digest;

use crate::fs::stamp::Stamp;

/// Entries in the order of a walk: sorted by name in each folder, and a folder before what it holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SeenTree {
    nodes: Vec<Node>,
    names: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// How many folders are above it.
    pub depth: u32,
    /// Where its name ends among all names; it begins where that of the one before ends.
    end: usize,
    pub seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub stamp: Stamp,
    pub what: What,
}

/// What lies at a path; unlike in a tree, it may be anything. Of a mode only what a tree keeps
/// counts: under two umasks the runs would else part with the first file they make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    File {
        sha256: Digest,
        executable: bool,
    },
    /// The digest of its text.
    Symlink(Digest),
    Other(FileType),
}

/// An entry and its name.
pub(super) type Named<'a> = (&'a Node, &'a [u8]);

impl SeenTree {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What an entry of that name takes in memory. A list that grows holds up to twice what is in it.
    pub(super) fn cost_of(name: &[u8]) -> u64 {
        (size_of::<Node>() + name.len()) as u64
    }

    /// What all entries take.
    pub(super) fn cost(&self) -> u64 {
        (size_of::<Node>() * self.nodes.len() + self.names.len()) as u64
    }

    pub(super) fn push(&mut self, depth: u32, name: &[u8], seen: Seen) {
        self.names.extend(name);
        self.nodes.push(Node {
            depth,
            end: self.names.len(),
            seen,
        });
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = Named<'_>> {
        (0..).map_while(|at| self.get(at))
    }

    /// What lies at a path.
    pub(super) fn find(&self, path: &[u8]) -> Option<&Seen> {
        let mut cursor = Cursor::new(self);
        let mut found = None;
        for (depth, name) in path.split(|byte| *byte == b'/').enumerate() {
            found = Some(cursor.go_to(u32::try_from(depth).ok()?, name)?);
        }
        found
    }

    fn get(&self, at: usize) -> Option<Named<'_>> {
        let node = self.nodes.get(at)?;
        let begin = at.checked_sub(1).map_or(0, |before| self.nodes[before].end);
        Some((node, &self.names[begin..node.end]))
    }
}

/// A place in a tree that only moves on, in step with a walk through another.
pub(super) struct Cursor<'a> {
    tree: &'a SeenTree,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tree: &'a SeenTree) -> Self {
        Self { tree, at: 0 }
    }

    /// The entry of that name in the folder that the walk is in, if the tree has one; goes past it.
    pub(super) fn go_to(&mut self, depth: u32, name: &[u8]) -> Option<&'a Seen> {
        while let Some((node, known)) = self.tree.get(self.at) {
            match order((node.depth, known), (depth, name)) {
                Ordering::Less => self.at += 1,
                Ordering::Equal => {
                    self.at += 1;
                    return Some(&node.seen);
                }
                Ordering::Greater => return None,
            }
        }
        None
    }
}

/// The entries of two trees side by side, those of one path together.
pub(super) fn pairs<'a>(
    one: &'a SeenTree,
    other: &'a SeenTree,
) -> impl Iterator<Item = (Option<Named<'a>>, Option<Named<'a>>)> {
    let (mut at, mut beside) = (0, 0);
    std::iter::from_fn(move || {
        let (here, there) = (one.get(at), other.get(beside));
        let order = match (here, there) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((node, name)), Some((theirs, their_name))) => {
                order((node.depth, name), (theirs.depth, their_name))
            }
        };
        at += usize::from(order.is_le());
        beside += usize::from(order.is_ge());
        Some((
            here.filter(|_| order.is_le()),
            there.filter(|_| order.is_ge()),
        ))
    })
}

/// Which of two entries a walk through both trees meets first. They lie in the same folder, or the deeper one
/// in a folder that only its tree has.
fn order(one: (u32, &[u8]), other: (u32, &[u8])) -> Ordering {
    other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn tree(paths: &BTreeMap<Vec<&str>, u64>) -> SeenTree {
        let mut tree = SeenTree::default();
        for (path, size) in paths {
            let stamp = Stamp {
                size: *size,
                ..Stamp::default()
            };
            let what = What::Other(FileType::Directory);
            let depth = u32::try_from(path.len() - 1).unwrap();
            tree.push(depth, path.last().unwrap().as_bytes(), Seen { stamp, what });
        }
        tree
    }

    /// Paths with all their folders.
    fn closed(paths: &[(String, u64)]) -> BTreeMap<Vec<&str>, u64> {
        let mut all = BTreeMap::new();
        for (path, size) in paths {
            let parts: Vec<_> = path.split('/').collect();
            for end in 1..=parts.len() {
                all.insert(parts[..end].to_vec(), *size);
            }
        }
        all
    }

    proptest! {
        #[test]
        fn two_trees_are_paired_by_path(
            one in prop::collection::vec(("[a-c.]{1,2}(/[a-c]{1,2}){0,3}", 0..2_u64), 0..12),
            other in prop::collection::vec(("[a-c.]{1,2}(/[a-c]{1,2}){0,3}", 0..2_u64), 0..12),
        ) {
            let (one, other) = (closed(&one), closed(&other));
            let (here, there) = (tree(&one), tree(&other));
            let mut expected: BTreeMap<_, _> = one.iter().map(|(path, size)| (path.clone(), (Some(*size), None))).collect();
            for (path, size) in &other {
                expected.entry(path.clone()).or_insert((None, None)).1 = Some(*size);
            }
            let size = |found: Option<Named<'_>>| found.map(|(node, _)| node.seen.stamp.size);
            let found: Vec<_> = pairs(&here, &there).map(|(a, b)| (size(a), size(b))).collect();
            prop_assert_eq!(found, expected.values().copied().collect::<Vec<_>>());
            for path in expected.keys() {
                let found = here.find(path.join("/").as_bytes()).map(|seen| seen.stamp.size);
                prop_assert_eq!(found, one.get(path).copied());
            }
        }
    }
}
