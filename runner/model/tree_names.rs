//! What a tree's names and links come to on a disk: names that fall together, links that lead out of it.

use std::collections::BTreeMap;

use crate::rel_path::RelPath;
use crate::shown_name::without_case;
use crate::tree::{Entry, Tree};

/// So many links are followed on one way (Linux: `MAXSYMLINKS`); a longer one leads nowhere.
const MOST_LINKS: usize = 40;
/// So much is walked for all links of a tree, in parts of texts and in bytes of paths by the hundred. Trees
/// that people make need a thousandth of it; a link that it does not suffice for may lead anywhere.
const MOST_WORK: u64 = 1 << 22;

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
    let mut left = MOST_WORK;
    links
        .filter(|(path, target)| leads_out(tree, path, target, &mut left).unwrap_or(true))
        .collect()
}

/// Walks as a kernel does: a link on the way is replaced by its text, and `..` of the top is outside.
/// Nothing if that is more work than is left.
fn leads_out(tree: &Tree, path: &RelPath, target: &str, left: &mut u64) -> Option<bool> {
    let mut here = path
        .as_str()
        .rsplit_once('/')
        .map_or(String::new(), |(above, _)| above.to_owned());
    if target.starts_with('/') {
        return Some(true);
    }
    pay(left, target.len())?;
    let mut ahead = parts(target);
    let mut followed = 1;
    while let Some(part) = ahead.pop() {
        pay(left, here.len())?;
        match part {
            "" | "." => {}
            ".." if here.is_empty() => return Some(true),
            ".." => here.truncate(here.rfind('/').unwrap_or(0)),
            _ => {
                let above = here.len();
                if above > 0 {
                    here.push('/');
                }
                here.push_str(part);
                let Some(Entry::Symlink { target }) = tree.get(&here) else {
                    continue;
                };
                followed += 1;
                if target.starts_with('/') {
                    return Some(true);
                }
                if followed > MOST_LINKS {
                    return Some(false);
                }
                here.truncate(above);
                pay(left, target.len())?;
                ahead.extend(parts(target));
            }
        }
    }
    Some(false)
}

/// One step and a text of that length, as far as there is work left for it.
fn pay(left: &mut u64, length: usize) -> Option<()> {
    let after = left.checked_sub(1 + length as u64 / 100);
    // Whoever comes later has no more of it than this one.
    *left = after.unwrap_or(0);
    after.map(drop)
}

/// The parts of a link's text, the first one last.
fn parts(target: &str) -> Vec<&str> {
    target.rsplit('/').collect()
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

    #[test]
    fn links_whose_texts_never_end_are_not_followed_for_ever() {
        // Each of forty links leads to the next one and two thousand names further.
        let long = |next: usize| format!("l{next:05}{}", "/x".repeat(2000));
        let texts: Vec<(String, String)> = (0..5_000)
            .map(|number| (format!("l{number:05}"), long(number + 1)))
            .collect();
        let entries: Vec<(&str, Option<&str>)> = texts
            .iter()
            .map(|(path, text)| (path.as_str(), Some(text.as_str())))
            .collect();
        let tree = tree(&entries);
        // Found to lead nowhere are those that there was time for.
        let out = links_out(&tree).len();
        assert!((1..5_000).contains(&out), "{out}");
    }
}
