//! What a tree's names and links come to on a disk: names that fall together, links that lead out of it.

use std::collections::BTreeMap;

use crate::rel_path::RelPath;
use crate::shown_name::without_case;
use crate::tree::{Entry, Tree};

/// So many links are followed on one way (Linux: `MAXSYMLINKS`); a longer one leads nowhere.
const MOST_LINKS: usize = 40;

/// Entries of one folder whose names differ in case alone: together in one file system, one in another.
pub fn same_but_for_case(tree: &Tree) -> Vec<Vec<&RelPath>> {
    let mut groups: BTreeMap<(Option<RelPath>, String), Vec<&RelPath>> = BTreeMap::new();
    for (path, _) in tree.entries() {
        let key = (path.parent(), without_case(path.file_name()));
        groups.entry(key).or_default().push(path);
    }
    groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

/// The links, with their texts, that lead out of the tree, by way of each other if need be.
pub fn links_out(tree: &Tree) -> Vec<(&RelPath, &str)> {
    let links = tree.entries().filter_map(|(path, entry)| match entry {
        Entry::Symlink { target } => Some((path, target.as_str())),
        _ => None,
    });
    links
        .filter(|(path, target)| leads_out(tree, path, target))
        .collect()
}

/// Walks as a kernel does: a link on the way is replaced by its text, and `..` of the top is outside.
fn leads_out(tree: &Tree, path: &RelPath, target: &str) -> bool {
    let mut here: Vec<String> = path.parts().map(str::to_owned).collect();
    here.pop();
    let mut ahead = parts(target);
    let mut followed = 1;
    if target.starts_with('/') {
        return true;
    }
    while let Some(part) = ahead.pop() {
        match part.as_str() {
            "" | "." => {}
            ".." => {
                if here.pop().is_none() {
                    return true;
                }
            }
            _ => {
                here.push(part);
                let Some(Entry::Symlink { target }) = tree.get(&here.join("/")) else {
                    continue;
                };
                followed += 1;
                if target.starts_with('/') {
                    return true;
                }
                if followed > MOST_LINKS {
                    return false;
                }
                here.pop();
                ahead.extend(parts(target));
            }
        }
    }
    false
}

/// The parts of a link's text, the first one last.
fn parts(target: &str) -> Vec<String> {
    target.rsplit('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, Option<&str>)]) -> Tree {
        let mut tree = Tree::default();
        for (path, target) in entries {
            let entry = target.map_or(Entry::Directory, |target| Entry::Symlink {
                target: target.to_owned(),
            });
            tree.insert(path.parse().unwrap(), entry).unwrap();
        }
        tree
    }

    fn out(entries: &[(&str, Option<&str>)]) -> Vec<String> {
        links_out(&tree(entries))
            .into_iter()
            .map(|(path, _)| path.to_string())
            .collect()
    }

    #[test]
    fn links_out_are_found_also_by_way_of_others() {
        assert_eq!(
            out(&[("a/b", Some("../c")), ("l", Some("a/./b//"))]),
            [""; 0]
        );
        assert_eq!(
            out(&[("a", Some("/etc")), ("b", Some("a/passwd"))]),
            ["a", "b"]
        );
        assert_eq!(
            out(&[("a/b", Some("../..")), ("c", Some(".."))]),
            ["a/b", "c"]
        );
        // By its text alone, `m` stays inside: it goes down two names before it goes up one.
        assert_eq!(
            out(&[("a/top", Some("..")), ("m", Some("a/top/../x"))]),
            ["m"]
        );
        // Two links that lead to each other lead nowhere.
        assert_eq!(out(&[("x", Some("y")), ("y", Some("x"))]), [""; 0]);
    }

    #[test]
    fn names_that_fall_together_are_those_of_one_folder() {
        let tree = tree(&[
            ("Foo", None),
            ("foo", None),
            ("a/Foo", None),
            ("b/foo", None),
            ("x", None),
        ]);
        let groups = same_but_for_case(&tree);
        let groups: Vec<Vec<&str>> = groups
            .iter()
            .map(|group| group.iter().map(|path| path.as_str()).collect())
            .collect();
        assert_eq!(groups, [["Foo", "foo"]]);
    }
}
