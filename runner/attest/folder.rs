//! A folder at hand, held against what a statement says lies in it: nothing else, and nothing less.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use zwieback_model::digest::Digest;
use zwieback_model::tree::{self, Tree};

use super::output_tree;
use super::reason::{Reason, Refusal};
use super::statement::Statement;

/// Who may execute a file: its owner, its group, everybody.
const EXECUTE: u32 = 0o111;
/// The one of these bits that a tree knows.
const OWNER_EXECUTES: u32 = 0o100;
/// The longest path that a system call takes, without its last zero byte (`PATH_MAX`).
const LONGEST_PATH: usize = 4095;
/// Set-user-id, set-group-id, sticky.
const SPECIAL: u32 = 0o7000;

/// Everything below a folder by its path, as raw bytes.
pub type Folder = BTreeMap<Vec<u8>, Present>;

/// What lies at one path of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Present {
    /// A regular file.
    File {
        /// Its digest; none if no file of that length is stated there.
        sha256: Option<Digest>,
        /// Permissions, set-user-id, set-group-id and sticky.
        mode: u32,
        /// Whether the kernel gives capabilities to whoever executes it.
        capable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Its text as it is.
        target: Vec<u8>,
    },
    /// What can be no output: its name in a sentence.
    Other(&'static str),
}

/// What is not asked of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// Executable bits: archives and file systems lose them.
    pub modes: bool,
    /// That nothing is missing. What is there must still be stated.
    pub missing: bool,
}

/// What a statement says lies in a folder.
#[derive(Clone, Debug)]
pub struct Stated<'a> {
    entries: BTreeMap<&'a str, Entry<'a>>,
    lengths: BTreeSet<u64>,
    unsaid: Option<Unsaid>,
}

/// Why a statement does not tell of folders, links and executable bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// It is of an older kind and names regular files alone.
    Older,
    /// The file with its tree is not at hand.
    NoTree {
        /// The name of that file.
        file: String,
    },
}

#[derive(Clone, Copy, Debug)]
enum Entry<'a> {
    File {
        sha256: Digest,
        executable: Option<bool>,
    },
    Directory,
    Symlink(&'a str),
}

/// Makes sure that a folder is what is stated; the paths of its files are returned.
pub fn compare(stated: &Stated<'_>, folder: &Folder, leave: Leave) -> Result<Vec<String>, Refusal> {
    if let Some(Unsaid::NoTree { file }) = &stated.unsaid
        && (stated.entries.is_empty() || !leave.missing)
    {
        let way_out =
            "is neither there nor beside the bundle; --subset verifies listed files without it";
        return Err(Refusal::new(
            Reason::TreeMissing,
            format!("{file:?} {way_out}"),
        ));
    }
    let comparison = Comparison {
        stated,
        folder,
        leave,
        by_digest: OnceCell::new(),
    };
    let mut differences = comparison.wrong();
    if !leave.missing {
        differences.extend(comparison.missing());
    }
    differences.sort_by(|one, other| one.0.cmp(&other.0));
    let refusals = differences.into_iter().map(|(_, refusal)| refusal);
    if let Some(refusal) = Refusal::of_many(refusals) {
        return Err(refusal);
    }
    let is_file = |(_, present): &(_, &Present)| matches!(present, Present::File { .. });
    let files = folder.iter().filter(is_file);
    let files: Vec<String> = files.map(|(path, _)| name(path)).collect();
    if files.is_empty() && leave.missing {
        // A verification of nothing would be one that cannot fail.
        return Err(Refusal::new(Reason::ArtifactMissing, ""));
    }
    Ok(files)
}

impl<'a> Stated<'a> {
    /// What a tree says: everything.
    pub fn tree(tree: &'a Tree) -> Self {
        let entry = |entry: &'a tree::Entry| match entry {
            tree::Entry::Directory => Entry::Directory,
            tree::Entry::Symlink { target } => Entry::Symlink(target),
            tree::Entry::File {
                content,
                executable,
            } => Entry::File {
                sha256: content.sha256,
                executable: Some(*executable),
            },
        };
        let entries = tree.entries();
        Self {
            entries: entries
                .map(|(path, it)| (path.as_str(), entry(it)))
                .collect(),
            lengths: tree.files().map(|(_, content)| content.size).collect(),
            unsaid: None,
        }
    }

    /// What the subjects say: regular files, and the directories that they lie in.
    pub fn files(statement: &'a Statement, unsaid: Unsaid) -> Result<Self, Refusal> {
        let mut entries = BTreeMap::new();
        for subject in output_tree::outputs(statement) {
            let (path, sha256) = (subject.label(), subject.digest.get_sha256());
            let file = Entry::File {
                sha256: sha256.ok_or_else(|| Refusal::new(Reason::SubjectWeakDigest, path))?,
                executable: None,
            };
            entries.insert(path, file);
            // What is longer than any path lies nowhere, and a megabyte of slashes is no half a million folders.
            let above = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
            for parent in above.take_while(|_| path.len() <= LONGEST_PATH) {
                // Those above a folder that is known are known.
                let known = entries.insert(parent, Entry::Directory);
                if matches!(known, Some(Entry::Directory)) {
                    break;
                }
            }
        }
        Ok(Self {
            entries,
            lengths: BTreeSet::new(),
            unsaid: Some(unsaid),
        })
    }

    /// Whether a file at that path, of that length, is one of those that are stated: it has to be read.
    pub fn asks_for(&self, path: &[u8], length: u64) -> bool {
        let is_file = matches!(self.at(path), Some(Entry::File { .. }));
        is_file && (self.unsaid.is_some() || self.lengths.contains(&length))
    }

    /// Whether what lies in a directory is looked at: what is in one that is not stated cannot be either.
    pub fn enters(&self, path: &[u8]) -> bool {
        self.unsaid.is_some() || matches!(self.at(path), Some(Entry::Directory))
    }

    /// Whether anything is stated at that path.
    pub fn has(&self, path: &[u8]) -> bool {
        self.at(path).is_some()
    }

    /// Why the statement does not tell of folders, links and executable bits, if it does not.
    pub fn unsaid(&self) -> Option<&Unsaid> {
        self.unsaid.as_ref()
    }

    /// The files that are stated, with their digests.
    pub fn sums(&self) -> impl Iterator<Item = (&'a str, Digest)> + '_ {
        self.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::File { sha256, .. } => Some((*path, *sha256)),
            _ => None,
        })
    }

    fn at(&self, path: &[u8]) -> Option<Entry<'a>> {
        let path = std::str::from_utf8(path).ok()?;
        self.entries.get(path).copied()
    }
}

struct Comparison<'a> {
    stated: &'a Stated<'a>,
    folder: &'a Folder,
    leave: Leave,
    /// Made when the first file is not as it is stated.
    by_digest: OnceCell<BTreeMap<Digest, &'a str>>,
}

impl Comparison<'_> {
    /// What is there and is not as it is stated.
    fn wrong(&self) -> Vec<(Vec<u8>, Refusal)> {
        let mut wrong = Vec::new();
        for (path, present) in self.folder {
            if let Err((reason, saw)) = self.judge(path, present) {
                let saw = format!("{:?}{saw}", name(path));
                wrong.push((path.clone(), Refusal::new(reason, saw)));
            }
        }
        wrong
    }

    /// What is stated and is not there; of a folder that is not there only the folder.
    fn missing(&self) -> Vec<(Vec<u8>, Refusal)> {
        let is_there = |path: &str| self.folder.contains_key(path.as_bytes());
        let is_open = |path: &str| match path.rsplit_once('/') {
            Some((parent, _)) => self.folder.get(parent.as_bytes()) == Some(&Present::Directory),
            None => true,
        };
        let paths = self.stated.entries.keys();
        let missing = paths.filter(|path| !is_there(path) && is_open(path));
        let refusal = |path: &&str| {
            let refusal = Refusal::new(Reason::EntryMissing, format!("{path:?}"));
            (path.as_bytes().to_vec(), refusal)
        };
        missing.map(refusal).collect()
    }

    fn judge(&self, path: &[u8], present: &Present) -> Result<(), (Reason, String)> {
        match (self.stated.at(path), present) {
            (None, _) => self.judge_unstated(present),
            (Some(Entry::Directory), Present::Directory) => Ok(()),
            (Some(Entry::Symlink(stated)), Present::Symlink { target }) => {
                let leads = format!(" leads to {:?}, {stated:?} is stated", name(target));
                same(stated.as_bytes() == target, Reason::LinkChanged, leads)
            }
            (
                Some(Entry::File {
                    sha256, executable, ..
                }),
                Present::File {
                    sha256: found,
                    mode,
                    capable,
                },
            ) => {
                self.judge_bytes(sha256, *found)?;
                self.judge_mode(executable, *mode, *capable)
            }
            (Some(stated), present) => {
                let kinds = format!(" is {}, {} is stated", kind(present), stated.kind());
                Err((Reason::EntryKind, kinds))
            }
        }
    }

    /// A statement that does not tell of links and folders says nothing against them either.
    fn judge_unstated(&self, present: &Present) -> Result<(), (Reason, String)> {
        let saw = format!(", {}", kind(present));
        let can_be_unsaid = matches!(present, Present::Directory | Present::Symlink { .. });
        match (&self.stated.unsaid, can_be_unsaid) {
            (Some(Unsaid::Older), true) => same(self.leave.missing, Reason::NotStated, saw),
            (Some(Unsaid::NoTree { file }), true) => Err((
                Reason::TreeMissing,
                format!("{saw}, is stated in {file:?} alone"),
            )),
            _ => Err((Reason::EntryExtra, saw)),
        }
    }

    fn judge_bytes(&self, stated: Digest, found: Option<Digest>) -> Result<(), (Reason, String)> {
        let Some(found) = found else {
            let longer = " has another length".to_owned();
            return Err((Reason::ArtifactChanged, longer));
        };
        if found == stated {
            return Ok(());
        }
        let by_digest = || self.stated.sums().map(|(path, it)| (it, path)).collect();
        match self.by_digest.get_or_init(by_digest).get(&found) {
            Some(other) => {
                let bytes = format!(" has the bytes of {other:?}");
                Err((Reason::ArtifactSwapped, bytes))
            }
            None => Err((Reason::ArtifactChanged, format!(" has sha256 {found}"))),
        }
    }

    fn judge_mode(
        &self,
        executable: Option<bool>,
        mode: u32,
        capable: bool,
    ) -> Result<(), (Reason, String)> {
        let special = format!(" has mode {mode:04o}");
        same(mode & SPECIAL == 0, Reason::ModeSpecial, special)?;
        let capabilities = " has capabilities of its own".to_owned();
        same(!capable, Reason::ModeSpecial, capabilities)?;
        if self.leave.modes {
            return Ok(());
        }
        match (executable, &self.stated.unsaid) {
            (Some(true), _) => {
                let lost = " is not executable, and was".to_owned();
                same(mode & OWNER_EXECUTES != 0, Reason::ModeChanged, lost)
            }
            _ if mode & EXECUTE == 0 => Ok(()),
            (_, Some(Unsaid::Older)) => {
                let unsaid = " is executable".to_owned();
                same(self.leave.missing, Reason::NotStated, unsaid)
            }
            (_, Some(Unsaid::NoTree { file })) => {
                let unsaid = format!(" is executable: whether it was, {file:?} alone says");
                Err((Reason::TreeMissing, unsaid))
            }
            (_, None) => Err((
                Reason::ModeChanged,
                " is executable, and was not".to_owned(),
            )),
        }
    }
}

impl Entry<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "a file",
            Self::Directory => "a folder",
            Self::Symlink(_) => "a link",
        }
    }
}

fn kind(present: &Present) -> &'static str {
    match present {
        Present::File { .. } => "a file",
        Present::Directory => "a folder",
        Present::Symlink { .. } => "a link",
        Present::Other(kind) => kind,
    }
}

fn same(is_so: bool, otherwise: Reason, saw: String) -> Result<(), (Reason, String)> {
    if is_so { Ok(()) } else { Err((otherwise, saw)) }
}

/// The text of raw bytes, as far as they are text.
fn name(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
