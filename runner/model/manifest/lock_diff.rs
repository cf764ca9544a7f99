//! What changed from one lock to the next, in versions, as a reviewer wants to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::lockfile::Lockfile;
use crate::locked_input::LockedInput;

/// One package that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It was not there.
    Added(String, String),
    /// It is another version.
    Moved(String, String, String),
    /// The same version has other bytes: worth a question.
    Rebuilt(String, String),
    /// It is gone.
    Removed(String, String),
}

/// The changes by package. Where a package has several versions, those that both locks have are left out.
pub fn changes(old: &Lockfile, new: &Lockfile) -> Vec<Change> {
    let (before, after) = (packages(old), packages(new));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let none = BTreeMap::new();
    let mut changes = Vec::new();
    for name in names {
        let was = before.get(name).unwrap_or(&none);
        let is = after.get(name).unwrap_or(&none);
        let gone: Vec<_> = was
            .keys()
            .filter(|version| !is.contains_key(*version))
            .collect();
        let come: Vec<_> = is
            .keys()
            .filter(|version| !was.contains_key(*version))
            .collect();
        let moved = gone.len().min(come.len());
        for (from, to) in gone.iter().zip(&come) {
            changes.push(Change::Moved(name.clone(), (*from).clone(), (*to).clone()));
        }
        let removed = gone[moved..].iter();
        changes.extend(removed.map(|removed| Change::Removed(name.clone(), (*removed).clone())));
        let added = come[moved..].iter();
        changes.extend(added.map(|added| Change::Added(name.clone(), (*added).clone())));
        let same = was
            .iter()
            .filter(|(version, files)| is.get(*version).is_some_and(|it| it != *files));
        changes.extend(same.map(|(version, _)| Change::Rebuilt(name.clone(), version.clone())));
    }
    changes
}

/// Digests of the files, by version, by package.
fn packages(lock: &Lockfile) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut packages: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
    for input in &lock.inputs {
        let version = input.purl.version().unwrap_or_default().to_owned();
        let versions = packages.entry(name(input)).or_default();
        versions
            .entry(version)
            .or_default()
            .insert(input.sha256.to_hex());
    }
    for folder in &lock.folders {
        let name = format!("folder {}", folder.path);
        let version = folder.tree.short();
        packages
            .entry(name)
            .or_default()
            .entry(version)
            .or_default();
    }
    packages
}

/// Ecosystem and name: packages of two ecosystems never are each other's versions.
fn name(input: &LockedInput) -> String {
    let purl = &input.purl;
    match purl.namespace() {
        Some(scope) if purl.kind() != "deb" => format!("{} {scope}/{}", purl.kind(), purl.name()),
        _ => format!("{} {}", purl.kind(), purl.name()),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(name, version) => write!(f, "+ {name} {version}"),
            Self::Moved(name, from, to) => write!(f, "~ {name} {from} -> {to}"),
            Self::Rebuilt(name, version) => write!(f, "! {name} {version} has other bytes"),
            Self::Removed(name, version) => write!(f, "- {name} {version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn lock(inputs: &[(&str, &str)]) -> Lockfile {
        let input = |(purl, bytes): &(&str, &str)| LockedInput {
            source: None,
            purl: purl.parse().unwrap(),
            file: "f".parse().unwrap(),
            sha256: Digest::sha256(bytes.as_bytes()),
            blake3: None,
            size: 1,
            locations: Vec::new(),
        };
        Lockfile::new(Digest::sha256(b""), inputs.iter().map(input).collect())
    }

    fn told(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        changes(&lock(old), &lock(new))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn each_kind_of_change_is_told_once() {
        let old = [
            ("pkg:deb/debian/gone@1", "a"),
            ("pkg:deb/debian/zlib@1:1-1", "b"),
            ("pkg:cargo/x@1", "c"),
            ("pkg:cargo/syn@1", "d"),
            ("pkg:cargo/syn@2", "e"),
        ];
        let new = [
            ("pkg:npm/x@1", "f"),
            ("pkg:deb/debian/zlib@1:1-2", "g"),
            ("pkg:cargo/x@1", "h"),
            ("pkg:cargo/syn@1", "d"),
            ("pkg:cargo/syn@3", "i"),
        ];
        assert_eq!(
            told(&old, &new),
            [
                "~ cargo syn 2 -> 3",
                "! cargo x 1 has other bytes",
                "- deb gone 1",
                "~ deb zlib 1:1-1 -> 1:1-2",
                "+ npm x 1",
            ]
        );
        assert!(told(&old, &old).is_empty());
    }
}
