//! The index: which files are tracked, and which folders are other repositories.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gix_index::decode::Options;
use gix_index::hash::Kind;
use gix_index::{File, State};
use zwieback_model::budget::Budget;

use super::error::WorktreeError;
use super::index_file::{self, Pared};
use super::repository::Repository;

/// Longer than the index of any source; Linux with its history has 10 MB.
const LONGEST: u64 = 256 << 20;
/// What all indices of one source may take in memory: their bytes, their paths and what is kept beside each.
/// A tree of a million files takes half of it.
const MOST: u64 = 512 << 20;

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

/// What all indices of one source may take, whatever number of repositories it has.
pub const fn memory() -> Budget {
    Budget::new(MOST)
}

impl Index {
    /// Reads the index of a repository; one that has none yet tracks nothing.
    pub fn of(repository: &Repository, memory: &mut Budget) -> Result<Self, WorktreeError> {
        let Some(bytes) = repository.own.read("index", LONGEST)? else {
            return Ok(Self::default());
        };
        let path = repository.own.path.join("index");
        let beside = |name: &str| repository.own.read(name, LONGEST);
        Self::parse(&bytes, &path, beside, memory)
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
        folder.is_empty() || from.next().is_some_and(|path| path.starts_with(&below))
    }

    /// Reads the bytes of an index; a shared one lies beside it. What they take is taken from `memory` first.
    ///
    /// Which digests stand in it is said by a configuration that is not read: they are tried.
    pub fn parse(
        bytes: &[u8],
        path: &Path,
        beside: impl Fn(&str) -> Result<Option<Vec<u8>>, WorktreeError>,
        memory: &mut Budget,
    ) -> Result<Self, WorktreeError> {
        let mut reader = Reader {
            path,
            beside: &beside,
            memory,
        };
        reader.take(bytes.len() as u64)?;
        let mut refused = None;
        for kind in [Kind::Sha1, Kind::Sha256] {
            match reader.whole(bytes, kind) {
                Ok(file) => return Ok(Self::from(&file)),
                Err(Unread::Ever(error)) => return Err(error),
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
    /// What is wrong is so with any.
    Ever(WorktreeError),
}

/// A file that lies beside the index.
type Beside<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, WorktreeError> + 'a;

struct Reader<'a> {
    path: &'a Path,
    beside: &'a Beside<'a>,
    memory: &'a mut Budget,
}

impl Reader<'_> {
    fn take(&mut self, bytes: u64) -> Result<(), WorktreeError> {
        let taken = self.memory.take(bytes);
        taken.map_err(|spent| WorktreeError::Indices {
            path: self.path.to_owned(),
            most: spent.most,
        })
    }

    /// The index with what it shares, from copies: the library opens files by name, whatever they are.
    fn whole(&mut self, bytes: &[u8], kind: Kind) -> Result<File, Unread> {
        let options = Options {
            thread_limit: Some(1),
            alloc_limit_bytes: usize::try_from(MOST).ok(),
            ..Options::default()
        };
        let no = |error: &dyn std::fmt::Display| Unread::Index(error.to_string());
        let copies = tempfile::tempdir().map_err(|error| no(&error))?;
        let copy = copies.path().join("index");
        let pared = self.pared(bytes, kind, false)?;
        fs::write(&copy, &pared.bytes).map_err(|error| no(&error))?;
        let never = filetime::FileTime::zero();
        let read = State::from_bytes(&pared.bytes, never, kind, options);
        let (state, _) = read.map_err(|error| no(&error))?;
        let shared = state.link().map(|link| link.shared_index_checksum);
        // Its paths are not held while those of both are.
        drop((state, pared));
        if let Some(checksum) = shared {
            let name = format!("sharedindex.{checksum}");
            let bytes = (self.beside)(&name).map_err(Unread::Ever)?;
            let bytes = bytes.ok_or_else(|| no(&format!("there is no {name}")))?;
            self.take(bytes.len() as u64).map_err(Unread::Ever)?;
            let pared = self.pared(&bytes, kind, true)?;
            if pared.checksum != checksum.as_slice() {
                return Err(no(&format!("{name} has another checksum")));
            }
            fs::write(copies.path().join(&name), pared.bytes).map_err(|error| no(&error))?;
        }
        File::at(copy, kind, false, options).map_err(|error| no(&error))
    }

    fn pared(&mut self, bytes: &[u8], kind: Kind, is_shared: bool) -> Result<Pared, Unread> {
        let pared = index_file::pare(bytes, kind, is_shared);
        let pared = pared.map_err(|why| Unread::Index(why.to_owned()))?;
        self.take(pared.cost).map_err(Unread::Ever)?;
        Ok(pared)
    }
}
