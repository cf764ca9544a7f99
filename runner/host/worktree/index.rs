//! The index: which files are tracked, and which folders are other repositories.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gix_index::decode::Options;
use gix_index::hash::Kind;
use gix_index::{File, State};

use super::error::WorktreeError;
use super::place::read;
use super::repository::Repository;

/// Longer than the index of any source; Linux with its history has 10 MB.
const LONGEST: u64 = 1 << 30;

/// The bits of a mode that say what an entry is, and two of their values (gitformat-index(5)).
const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const REPOSITORY: u32 = 0o160_000;

/// What is tracked, by path from the top of the repository.
#[derive(Debug, Default)]
pub struct Index {
    tracked: BTreeSet<Vec<u8>>,
    repositories: BTreeSet<Vec<u8>>,
}

impl Index {
    /// Reads the index of a repository; one that has none yet tracks nothing.
    pub fn of(repository: &Repository) -> Result<Self, WorktreeError> {
        let path = repository.own.join("index");
        let Some(bytes) = read(&path, LONGEST)? else {
            return Ok(Self::default());
        };
        Self::parse(&bytes, &path)
    }

    /// Whether something is tracked at the path.
    pub fn holds(&self, path: &[u8]) -> bool {
        self.tracked.contains(path)
    }

    /// Whether the path is that of another repository: a submodule.
    pub fn is_repository(&self, path: &[u8]) -> bool {
        self.repositories.contains(path)
    }

    /// Whether something below the folder is tracked.
    pub fn holds_below(&self, folder: &[u8]) -> bool {
        let below = [folder, b"/"].concat();
        let mut from = self.tracked.range(below.clone()..);
        folder.is_empty() || from.next().is_some_and(|it| it.starts_with(&below))
    }

    /// Reads the bytes of an index; a shared one lies beside it.
    ///
    /// Which digests stand in it is said by a configuration that is not read: they are tried.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, WorktreeError> {
        let mut refused = None;
        for kind in [Kind::Sha1, Kind::Sha256] {
            match whole(bytes, path, kind) {
                Ok(file) => return Ok(Self::from(&file)),
                Err(Unread::Shared(error)) => return Err(error),
                Err(Unread::Index(why)) => refused = refused.or(Some(why)),
            }
        }
        Err(WorktreeError::Index {
            path: path.to_owned(),
            why: refused.unwrap_or_default(),
        })
    }

    fn from(file: &File) -> Self {
        let mut index = Self::default();
        for entry in file.entries() {
            let path = entry.path(file).to_vec();
            match entry.mode.bits() & KIND {
                // A folder of a sparse index: nothing of it is checked out.
                FOLDER => continue,
                REPOSITORY => {
                    index.repositories.insert(path.clone());
                }
                _ => {}
            }
            index.tracked.insert(path);
        }
        index
    }
}

/// Why an index was not read with digests of one kind.
enum Unread {
    /// It is not of that kind, or not whole.
    Index(String),
    /// The file that it shares with other indices cannot be read.
    Shared(WorktreeError),
}

/// The index with what it shares, from copies: the library opens files by name, whatever they are.
fn whole(bytes: &[u8], path: &Path, kind: Kind) -> Result<File, Unread> {
    let options = Options {
        thread_limit: Some(1),
        alloc_limit_bytes: usize::try_from(LONGEST).ok(),
        ..Options::default()
    };
    let no = |error: &dyn std::fmt::Display| Unread::Index(error.to_string());
    let never = filetime::FileTime::zero();
    let (state, _) = State::from_bytes(bytes, never, kind, options).map_err(|it| no(&it))?;
    let copies = tempfile::tempdir().map_err(|it| no(&it))?;
    let copy = copies.path().join("index");
    fs::write(&copy, bytes).map_err(|it| no(&it))?;
    if let Some(link) = state.link() {
        let name = format!("sharedindex.{}", link.shared_index_checksum);
        let shared = path.with_file_name(&name);
        let bytes = read(&shared, LONGEST).map_err(Unread::Shared)?;
        let bytes = bytes.ok_or_else(|| no(&format!("there is no {name}")))?;
        fs::write(copies.path().join(&name), bytes).map_err(|it| no(&it))?;
    }
    File::at(copy, kind, false, options).map_err(|it| no(&it))
}
