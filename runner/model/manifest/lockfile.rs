//! A lockfile: every byte that a manifest's requests came to, by digest.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostic, SourceText};
use super::parse::parse;
use super::project_folder::ProjectFolder;
use crate::digest::Digest;
use crate::locked_input::{FileName, LockedInput};
use crate::name::Name;
use crate::purl::Purl;

/// The format's version: another one is refused, never guessed at.
pub const VERSION: u32 = 1;

const HEADER: &str = "# Written by `zwieback lock`. Commit it; never edit it.\n\n";

/// The content of a `zwieback.lock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lockfile {
    /// The format's version.
    pub version: u32,
    /// Digest of the requests that were resolved; another one makes the lock stale.
    pub requests: Digest,
    /// The files, each pinned by digest.
    #[serde(default, rename = "input")]
    pub inputs: Vec<LockedInput>,
    /// The folders of the project that are sources.
    #[serde(default, rename = "folder", skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<LockedFolder>,
}

/// A folder of the project, pinned by its tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFolder {
    /// The source it is.
    pub source: Name,
    /// Where it lies in the project.
    pub path: ProjectFolder,
    /// What is in it, without what version control ignores.
    pub tree: Digest,
}

impl Lockfile {
    /// A lock of these inputs, in the order that makes a small diff.
    pub fn new(requests: Digest, mut inputs: Vec<LockedInput>) -> Self {
        inputs.sort_by(|a, b| order(a).cmp(&order(b)));
        Self {
            version: VERSION,
            requests,
            inputs,
            folders: Vec::new(),
        }
    }

    /// Reads a lockfile.
    pub fn parse(source: SourceText<'_>) -> Result<Self, Diagnostic> {
        let lock: Self = parse(source)?;
        let hint = "write it again with `zwieback lock`";
        if lock.version != VERSION {
            let message = format!(
                "this lock has version {}, this zwieback reads {VERSION}",
                lock.version
            );
            return Err(Diagnostic::whole(source.path, message).with_hint(hint));
        }
        let mut seen = BTreeSet::new();
        match lock.inputs.iter().find(|input| !seen.insert(order(input))) {
            Some(twice) => {
                let message = format!("`{}` is locked twice", twice.file);
                Err(Diagnostic::whole(source.path, message).with_hint(hint))
            }
            None => Ok(lock),
        }
    }

    /// Whether these requests are the ones that were resolved.
    pub fn answers(&self, requests: Digest) -> bool {
        self.requests == requests
    }

    /// The text to write.
    pub fn to_text(&self) -> String {
        let body =
            toml::to_string(self).expect("a lockfile holds only strings, numbers and tables");
        format!("{HEADER}{body}")
    }

    /// The inputs that one source of the recipe asked for.
    pub fn of_source<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a LockedInput> {
        self.inputs
            .iter()
            .filter(move |input| input.source.as_ref() == Some(name))
    }
}

fn order(input: &LockedInput) -> (Option<&Name>, &Purl, &FileName) {
    (input.source.as_ref(), &input.purl, &input.file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Fingerprint;

    fn lock() -> Lockfile {
        let print = Fingerprint::of(b"abc");
        let input = |name: &str| LockedInput {
            source: Some("abc".parse().unwrap()),
            purl: format!("pkg:generic/{name}@1").parse().unwrap(),
            file: "abc.tar".parse().unwrap(),
            sha256: print.sha256,
            blake3: Some(print.blake3),
            size: print.size,
            locations: vec!["pool/abc.tar".parse().unwrap()],
        };
        Lockfile::new(Digest::sha256(b"requests"), vec![input("b"), input("a")])
    }

    fn parse(text: &str) -> Result<Lockfile, Diagnostic> {
        Lockfile::parse(SourceText {
            path: "zwieback.lock",
            text,
        })
    }

    #[test]
    fn what_is_written_reads_back_in_order() {
        let lock = lock();
        assert_eq!(parse(&lock.to_text()).unwrap(), lock);
        assert_eq!(lock.inputs[0].purl.name(), "a");
    }

    #[test]
    fn other_versions_and_doubles_are_refused() {
        let text = lock().to_text();
        assert!(
            parse(&text.replace("version = 1", "version = 2"))
                .unwrap_err()
                .hint
                .is_some()
        );
        assert!(
            parse(&text.replace("generic/b", "generic/a"))
                .unwrap_err()
                .message
                .contains("twice")
        );
    }
}
