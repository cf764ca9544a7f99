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
    use proptest::prelude::*;

    use super::*;
    use crate::bake::completed::{Ending, StepResult};
    use crate::digest::Fingerprint;
    use crate::manifest::diagnostic::SourceText;
    use crate::manifest::recipe::Recipe;

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

    /// A run that succeeded and wrote this beside one file that never differs.
    fn run(entries: &[(&str, Entry)]) -> Completed {
        let text = "[recipe]\nname = \"r\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\
                    [[steps]]\nname = \"s\"\nrun = \"x\"\n";
        let path = "recipe.toml";
        let recipe = Recipe::parse(SourceText { path, text }).unwrap();
        let step = StepResult {
            step: "s".parse().unwrap(),
            ending: Ending::Exited(0),
            wall_ms: 1,
            cpu_ms: 1,
        };
        let mut written = Tree::default();
        for (path, entry) in entries.iter().chain(&[("same", file("same"))]) {
            written
                .insert(path.parse().unwrap(), entry.clone())
                .unwrap();
        }
        Completed::new(&recipe, &[step], &written).unwrap()
    }

    fn file(text: &str) -> Entry {
        Entry::File {
            content: Fingerprint::of(text.as_bytes()),
            executable: false,
        }
    }

    fn program(text: &str) -> Entry {
        Entry::File {
            content: Fingerprint::of(text.as_bytes()),
            executable: true,
        }
    }

    fn link(target: &str) -> Entry {
        let target = target.to_owned();
        Entry::Symlink { target }
    }

    /// Every kind of difference, each alone. None of them may ever be called reproduced.
    #[test]
    fn each_kind_of_difference_is_one() {
        let kinds = [
            ("content", Some(file("one")), Some(file("two"))),
            ("executable bit", Some(file("one")), Some(program("one"))),
            ("target of a link", Some(link("one")), Some(link("two"))),
            ("file and link", Some(file("one")), Some(link("one"))),
            ("file and folder", Some(file("one")), Some(Entry::Directory)),
            ("link and folder", Some(link("one")), Some(Entry::Directory)),
            ("a file in A alone", Some(file("one")), None),
            ("a link in A alone", Some(link("one")), None),
            ("an empty folder in A alone", Some(Entry::Directory), None),
        ];
        for (kind, one, other) in kinds {
            for (a, b) in [(one.clone(), other.clone()), (other, one)] {
                let of = |entry: &Option<Entry>| -> Completed {
                    let entry = entry.iter().map(|entry| ("it", entry.clone()));
                    run(&entry.collect::<Vec<_>>())
                };
                let comparison = compare(&of(&a), &of(&b)).unwrap_err();
                let path = "it".parse().unwrap();
                assert_eq!(
                    comparison.differences,
                    [Difference { path, a, b }],
                    "{kind}"
                );
            }
        }
    }

    #[test]
    fn what_agrees_in_everything_is_reproduced() {
        let entries = [
            ("a", program("one")),
            ("b", link("a")),
            ("c", Entry::Directory),
        ];
        let made = compare(&run(&entries), &run(&entries)).unwrap();
        assert_eq!(made.outputs(), run(&entries).outputs());
        assert_eq!(made.compared(), 3, "files and links");
    }

    proptest! {
        #[test]
        fn no_difference_means_one_digest(a in tree(), b in tree()) {
            prop_assert_eq!(differences(&a, &b).is_empty(), a.digest() == b.digest());
            prop_assert_eq!(differences(&a, &b).len(), differences(&b, &a).len());
        }
    }
}
