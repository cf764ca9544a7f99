//! The tree of all outputs as a subject: what a folder must equal.
//!
//! Every verifier can check a regular file, so files are subjects. What no list of files says (folders,
//! links, executable bits) the tree says: its canonical bytes are a file of their own beside the bundle, and
//! one subject more, told apart from every output by its media type.

use std::collections::BTreeMap;

use zwieback_model::canonical_tree;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Tree;

use super::reason::{Reason, Refusal};
use super::resource::{ResourceDescriptor, TREE};
use super::statement::Statement;

/// So many files are listed one by one, and none where there are more: sigstore-go refuses more than
/// 1024 subjects.
pub const MOST_LISTED: usize = 1000;
/// How the name of the file with a tree's canonical bytes ends.
pub const ENDING: &str = ".tree";
/// The list of digests that `sha256sum --check` takes.
pub const SUMS: &str = "SHA256SUMS";

/// The tree that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatedTree {
    /// The name of the file with its canonical bytes.
    pub file: String,
    /// The SHA-256 of those bytes.
    pub digest: Digest,
}

/// The file name of the tree of a release, `NAME-VERSION.tree`: no output at the top has the same.
pub fn file_name(outputs: &Tree, release: &str) -> String {
    let mut name = format!("{release}{ENDING}");
    while outputs.get(&name).is_some() {
        name.push_str(ENDING);
    }
    name
}

/// The subjects of a statement about outputs: each regular file, if they are few, and always the tree.
pub fn subjects(outputs: &Tree, release: &str) -> Vec<ResourceDescriptor> {
    let mut subjects = listed(outputs);
    if subjects.len() > MOST_LISTED {
        subjects.clear();
    }
    let file = file_name(outputs, release);
    let digest = outputs.digest();
    subjects.push(StatedTree { file, digest }.subject());
    subjects
}

/// The regular files of a tree, each as a subject.
pub fn listed(outputs: &Tree) -> Vec<ResourceDescriptor> {
    let one = |(path, content): (&RelPath, &Fingerprint)| {
        ResourceDescriptor::named(path.as_str(), content)
    };
    outputs.files().map(one).collect()
}

/// The subjects that are outputs.
pub fn outputs(statement: &Statement) -> impl Iterator<Item = &ResourceDescriptor> {
    statement
        .subject
        .iter()
        .filter(|subject| !subject.is_tree())
}

/// The statement with every file of its tree among the subjects.
#[must_use]
pub fn with_files(mut statement: Statement, tree: &Tree) -> Statement {
    if outputs(&statement).next().is_none() {
        statement.subject.extend(listed(tree));
    }
    statement
}

/// The lines of `SHA256SUMS`, as `sha256sum --check` takes them.
pub fn sums<'a>(files: impl Iterator<Item = (&'a str, Digest)>) -> String {
    let mut text = String::new();
    for (path, sha256) in files {
        text.extend([sha256.to_hex().as_str(), "  ", path, "\n"]);
    }
    text
}

/// The lines of `SHA256SUMS` of a tree.
pub fn sums_of(tree: &Tree) -> String {
    sums(
        tree.files()
            .map(|(path, content)| (path.as_str(), content.sha256)),
    )
}

impl StatedTree {
    /// The tree that a statement names; older ones name none.
    pub fn of(statement: &Statement) -> Result<Option<Self>, Refusal> {
        let mut trees = statement.subject.iter().filter(|subject| subject.is_tree());
        let malformed = |saw: String| Refusal::new(Reason::TreeMalformed, saw);
        let Some(tree) = trees.next() else {
            return Ok(None);
        };
        if trees.next().is_some() {
            return Err(malformed("the statement names two".to_owned()));
        }
        let digest = tree.digest.get_sha256();
        let digest = digest.ok_or_else(|| Refusal::new(Reason::SubjectWeakDigest, tree.label()))?;
        let file = tree.name.as_deref().map(str::parse::<RelPath>);
        match file {
            Some(Ok(file)) if file.parent().is_none() => Ok(Some(Self {
                file: file.to_string(),
                digest,
            })),
            _ => Err(malformed(format!("{:?} is no file name", tree.label()))),
        }
    }

    /// The tree as a subject.
    pub fn subject(&self) -> ResourceDescriptor {
        let digest = DigestSet::sha256(self.digest);
        let mut subject = ResourceDescriptor::named(self.file.as_str(), digest);
        subject.media_type = Some(TREE.to_owned());
        subject
    }

    /// Reads the canonical bytes, and makes sure that what is listed besides is the same.
    pub fn read(&self, bytes: &[u8], statement: &Statement) -> Result<Tree, Refusal> {
        let tree = self.parse(bytes)?;
        self.check(&tree, statement)?;
        Ok(tree)
    }

    /// Reads the canonical bytes.
    pub fn parse(&self, bytes: &[u8]) -> Result<Tree, Refusal> {
        let tree = canonical_tree::parse(&self.digest, bytes);
        // The signature is over these bytes; another spelling could be read as another tree.
        let tree = tree.filter(|tree| tree.canonical().as_bytes() == bytes);
        tree.ok_or_else(|| self.malformed("is not in canonical form"))
    }

    /// Makes sure that a statement lists the files of its tree, or leaves all of them to it.
    pub fn check(&self, tree: &Tree, statement: &Statement) -> Result<(), Refusal> {
        match parting(tree, statement) {
            None => Ok(()),
            Some(path) => Err(self.malformed(&format!("and the subjects differ in {path:?}"))),
        }
    }

    fn malformed(&self, saw: &str) -> Refusal {
        Refusal::new(Reason::TreeMalformed, format!("{:?} {saw}", self.file))
    }
}

/// The first path at which the subjects and the files of the tree are not the same. A statement that
/// lists no file leaves all of them to the tree.
fn parting(tree: &Tree, statement: &Statement) -> Option<String> {
    let files = tree.files().map(|(path, content)| (path.as_str(), content));
    let mut files: BTreeMap<&str, &Fingerprint> = files.collect();
    let mut listed = outputs(statement).peekable();
    listed.peek()?;
    for subject in listed {
        let content = files.remove(subject.label());
        let is_same = |it: &Fingerprint| subject.digest.matches(it.sha256, Some(it.blake3));
        if !content.is_some_and(is_same) {
            return Some(subject.label().to_owned());
        }
    }
    files.into_keys().next().map(str::to_owned)
}

#[cfg(test)]
#[path = "output_tree_tests.rs"]
mod tests;
