//! The comparison of two runs, and the only place that can say "reproduced".

use super::completed::Completed;
use crate::rel_path::RelPath;
use crate::tree::{Entry, Tree};

/// What differs between the outputs of two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many files and links were compared.
    pub compared: usize,
    /// What differs, in the order of the paths; never empty.
    pub differences: Vec<Difference>,
}

/// One path at which the two trees are not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path.
    pub path: RelPath,
    /// What run A has there.
    pub a: Option<Entry>,
    /// What run B has there.
    pub b: Option<Entry>,
}

/// Outputs that two runs agreed on to the last bit. Only [`compare`] makes one,
/// and only this can be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reproduced {
    outputs: Tree,
}

impl Reproduced {
    /// The outputs.
    pub fn outputs(&self) -> &Tree {
        &self.outputs
    }

    /// How many files and links were compared.
    pub fn compared(&self) -> usize {
        leaves(&self.outputs).count()
    }
}

/// Compares content, type, executable bit, symlink target and presence of everything.
pub fn compare(a: &Completed, b: &Completed) -> Result<Reproduced, Comparison> {
    let (a, b) = (a.outputs(), b.outputs());
    let differences = differences(a, b);
    if differences.is_empty() && a.digest() == b.digest() {
        return Ok(Reproduced { outputs: a.clone() });
    }
    let mut compared: Vec<_> = leaves(a).chain(leaves(b)).collect();
    compared.sort();
    compared.dedup();
    Err(Comparison {
        compared: compared.len(),
        differences,
    })
}

/// Every path at which two trees are not the same.
pub fn differences(a: &Tree, b: &Tree) -> Vec<Difference> {
    let mut found: Vec<_> = a
        .entries()
        .filter(|(path, entry)| b.get(path.as_str()) != Some(entry))
        .map(|(path, entry)| Difference {
            path: path.clone(),
            a: Some(entry.clone()),
            b: b.get(path.as_str()).cloned(),
        })
        .collect();
    let only_b = b
        .entries()
        .filter(|(path, _)| a.get(path.as_str()).is_none());
    found.extend(only_b.map(|(path, entry)| Difference {
        path: path.clone(),
        a: None,
        b: Some(entry.clone()),
    }));
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn leaves(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    tree.entries()
        .filter(|(_, entry)| **entry != Entry::Directory)
        .map(|(path, _)| path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Fingerprint;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        prop_oneof![
            (any::<u8>(), any::<bool>()).prop_map(|(byte, executable)| Entry::File {
                content: Fingerprint::of(&[byte % 3]),
                executable
            }),
            "[ab]".prop_map(|target| Entry::Symlink { target }),
            Just(Entry::Directory),
        ]
    }

    fn tree() -> impl Strategy<Value = Tree> {
        prop::collection::vec(("[ab]/[abc]", entry()), 0..6).prop_map(|entries| {
            let mut tree = Tree::default();
            for (path, entry) in entries {
                let _conflicts_are_left_out = tree.insert(path.parse().unwrap(), entry);
            }
            tree
        })
    }

    proptest! {
        #[test]
        fn no_difference_means_one_digest(a in tree(), b in tree()) {
            prop_assert_eq!(differences(&a, &b).is_empty(), a.digest() == b.digest());
            prop_assert_eq!(differences(&a, &b).len(), differences(&b, &a).len());
        }
    }
}
