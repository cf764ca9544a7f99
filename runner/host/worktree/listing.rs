//! Which files of a folder belong to it: those that are tracked, and new ones that nothing ignores.
//!
//! The walk is over what is there, beneath the folder and through no link; the index is only asked. So a
//! name in an index that somebody made up can add no file from elsewhere.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, openat};
use zwieback_model::budget::Budget;
use zwieback_model::rel_path::RelPath;
use zwieback_sandbox::call::Attempt as _;

use super::error::WorktreeError;
use super::ignored::{self, Patterns};
use super::index::{self, Index};
use super::repository::{self, Repository};
use crate::fs::{beneath, given_file};

/// No source has more files.
pub const MOST: usize = 1_000_000;
/// As deep as an archive may be; each level takes its part of a stack.
pub const DEEPEST: usize = 256;
/// Submodules within each other.
const DEEPEST_SUBMODULES: usize = 16;
/// Patterns that are nobody's but the checkout's.
const EXCLUDE: &str = "info/exclude";

/// What belongs to a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files, links, and folders that stay empty, by their path in the folder.
    pub paths: Vec<RelPath>,
    /// Submodules that are not checked out, and repositories that are no submodules: empty folders among them.
    pub absent: Vec<RelPath>,
}

/// What belongs to a folder; nothing if no repository has a say about it.
///
/// A project in a folder that a repository around it ignores is no part of that repository.
pub fn list(folder: &Path) -> Result<Option<Listing>, WorktreeError> {
    let Some(repository) = Repository::around(folder)? else {
        return Ok(None);
    };
    let mut listing = Listing::default();
    let mut left = Left {
        indices: index::memory(),
        matching: ignored::matching(),
        submodules: DEEPEST_SUBMODULES,
    };
    let own = walk(&repository, folder, "", &mut left, &mut listing)?;
    listing.paths.sort();
    listing.paths.dedup();
    Ok(own.then_some(listing))
}

/// What is left to a source, of all its repositories together.
struct Left {
    indices: Budget,
    matching: Budget,
    /// How many more may be within each other.
    submodules: usize,
}

/// Lists a folder of a repository; false if the folder is ignored. `below` is put before each path.
fn walk(
    repository: &Repository,
    folder: &Path,
    below: &str,
    left: &mut Left,
    listing: &mut Listing,
) -> Result<bool, WorktreeError> {
    let whole = std::fs::canonicalize(folder).map_err(WorktreeError::io("realpath", folder))?;
    let prefix = whole.strip_prefix(&repository.top).unwrap_or(Path::new(""));
    let prefix = match prefix.as_os_str().as_bytes() {
        b"" => String::new(),
        bytes => RelPath::from_bytes(bytes)?.to_string(),
    };
    let mut walk = Walk {
        root: open(folder)?,
        folder: folder.to_owned(),
        prefix: prefix.clone(),
        below: below.to_owned(),
        index: Index::of(repository, &mut left.indices)?,
        patterns: Patterns::default(),
        submodules: Vec::new(),
        left,
        listing,
    };
    let is_ignored = walk.enter(repository)?;
    if is_ignored && !walk.index.holds_below(prefix.as_bytes()) {
        return Ok(false);
    }
    walk.folder("", is_ignored)?;
    // Its index is not held while those of its submodules are read.
    let found = walk.submodules;
    drop((walk.index, walk.patterns));
    for path in found {
        submodule(&folder.join(&path), &joined(below, &path), left, listing)?;
    }
    Ok(true)
}

/// What a submodule keeps belongs to the source, if it is checked out.
fn submodule(
    folder: &Path,
    below: &str,
    left: &mut Left,
    listing: &mut Listing,
) -> Result<(), WorktreeError> {
    let top = std::fs::canonicalize(folder).map_err(WorktreeError::io("realpath", folder))?;
    let Some(repository) = Repository::at(&top)? else {
        listing.absent.push(below.parse()?);
        return Ok(());
    };
    let fewer = left.submodules.checked_sub(1);
    left.submodules = fewer.ok_or_else(|| WorktreeError::TooManyWithin {
        folder: folder.to_owned(),
        most: DEEPEST_SUBMODULES,
    })?;
    walk(&repository, folder, below, left, listing)?;
    left.submodules += 1;
    Ok(())
}

struct Walk<'l> {
    /// The folder, and its path for what is found below it.
    root: OwnedFd,
    folder: PathBuf,
    /// Where it is in the repository.
    prefix: String,
    /// Where it is in the folder that is listed.
    below: String,
    index: Index,
    patterns: Patterns,
    /// Where other repositories are that belong to this one.
    submodules: Vec<String>,
    left: &'l mut Left,
    listing: &'l mut Listing,
}

impl Walk<'_> {
    /// Takes the patterns of all folders above; whether one of these, or the folder itself, is ignored.
    fn enter(&mut self, repository: &Repository) -> Result<bool, WorktreeError> {
        let common = repository.common();
        if let Some(bytes) = common.read(EXCLUDE, ignored::LONGEST)? {
            self.patterns.push(&bytes, &common.path.join(EXCLUDE), "")?;
        }
        let prefix = self.prefix.clone();
        let mut at = String::new();
        for part in prefix.split('/').filter(|part| !part.is_empty()) {
            self.take_patterns(&repository.top, &at, &at)?;
            at = joined(&at, part);
            if self.covers(at.as_bytes(), true)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds the patterns that lie in a folder below another. As in git, a link in their place is none.
    fn take_patterns(
        &mut self,
        top: &Path,
        folder: &str,
        place: &str,
    ) -> Result<(), WorktreeError> {
        let path = joined(folder, ignored::NAME);
        let stat = beneath::look(open(top)?.as_fd(), &path)?;
        let is_file = |mode| FileType::from_raw_mode(mode) == FileType::RegularFile;
        if stat.is_some_and(|stat| is_file(stat.st_mode)) {
            let bytes = given_file::read_beneath(top, &path, ignored::LONGEST);
            let bytes = bytes.map_err(WorktreeError::io("read", top.join(&path)))?;
            self.patterns.push(&bytes, &top.join(&path), place)?;
        }
        Ok(())
    }

    /// Whether a path is ignored.
    fn covers(&mut self, path: &[u8], is_folder: bool) -> Result<bool, WorktreeError> {
        let work = &mut self.left.matching;
        self.patterns.cover(path, is_folder, work)
    }

    /// One folder and all below it.
    fn folder(&mut self, path: &str, is_ignored: bool) -> Result<(), WorktreeError> {
        if path.split('/').count() > DEEPEST {
            let folder = self.folder.clone();
            return Err(WorktreeError::TooDeep {
                folder,
                most: DEEPEST,
            });
        }
        let depth = self.patterns.depth();
        let root = self
            .root
            .try_clone()
            .map_err(WorktreeError::io("dup", &self.folder))?;
        if !is_ignored {
            let (top, place) = (self.folder.clone(), joined(&self.prefix, path));
            self.take_patterns(&top, path, &place)?;
        }
        let here = match path {
            "" => root
                .try_clone()
                .map_err(WorktreeError::io("dup", &self.folder))?,
            path => beneath::open_dir(root.as_fd(), path)?,
        };
        let mut names = Vec::new();
        for name in beneath::names(here.as_fd())? {
            names.push(name?);
        }
        drop(here);
        names.sort_by(|one, other| one.0.cmp(&other.0));
        for (name, kind) in names {
            if name.as_bytes() == repository::NAME.as_bytes() {
                continue;
            }
            self.entry(root.as_fd(), path, name.as_bytes(), kind, is_ignored)?;
        }
        self.patterns.pop_to(depth);
        Ok(())
    }

    fn entry(
        &mut self,
        root: BorrowedFd<'_>,
        folder: &str,
        name: &[u8],
        kind: FileType,
        above: bool,
    ) -> Result<(), WorktreeError> {
        let Ok(name) = str::from_utf8(name) else {
            return self.unspeakable(folder, name, kind, above);
        };
        let path = joined(folder, name);
        let full = joined(&self.prefix, &path);
        let kind = match kind {
            FileType::Unknown => match beneath::look(root, &path)? {
                Some(stat) => FileType::from_raw_mode(stat.st_mode),
                None => return Ok(()),
            },
            known => known,
        };
        let is_folder = kind == FileType::Directory;
        let is_tracked = self.index.holds(full.as_bytes());
        let is_ignored = above || self.covers(full.as_bytes(), is_folder)?;
        if is_tracked {
            self.keep(&path)?;
        }
        if is_folder {
            return self.below(&path, &full, is_ignored);
        }
        let is_plain = matches!(kind, FileType::RegularFile | FileType::Symlink);
        if !is_tracked && !is_ignored && is_plain {
            self.keep(&path)?;
        }
        Ok(())
    }

    /// A folder inside: of this repository, or another repository.
    fn below(&mut self, path: &str, full: &str, is_ignored: bool) -> Result<(), WorktreeError> {
        if self.index.is_repository(full.as_bytes()) {
            self.submodules.push(path.to_owned());
            return Ok(());
        }
        if self.index.holds_below(full.as_bytes()) {
            return self.folder(path, is_ignored);
        }
        if is_ignored {
            return Ok(());
        }
        match Repository::at(&self.folder.join(path)) {
            Ok(None) => self.folder(path, false),
            // A repository that nobody has made a submodule: git lists its name and nothing of it.
            Ok(Some(_))
            | Err(
                WorktreeError::LeadsNowhere(_)
                | WorktreeError::Elsewhere { .. }
                | WorktreeError::Link(_)
                | WorktreeError::Shares(_),
            ) => {
                self.keep(path)?;
                self.absent(path)
            }
            Err(error) => Err(error),
        }
    }

    /// Something that would be kept under a name that no tree can have.
    fn unspeakable(
        &mut self,
        folder: &str,
        name: &[u8],
        kind: FileType,
        above: bool,
    ) -> Result<(), WorktreeError> {
        let folder = joined(&self.prefix, folder);
        let full = match folder.as_str() {
            "" => name.to_vec(),
            folder => [folder.as_bytes(), b"/", name].concat(),
        };
        let is_ignored = above || self.covers(&full, kind == FileType::Directory)?;
        if is_ignored && !self.index.holds(&full) && !self.index.holds_below(&full) {
            return Ok(());
        }
        RelPath::from_bytes(name)?;
        Ok(())
    }

    fn keep(&mut self, path: &str) -> Result<(), WorktreeError> {
        if self.listing.paths.len() >= MOST {
            let folder = self.folder.clone();
            return Err(WorktreeError::TooMany { folder, most: MOST });
        }
        self.listing.paths.push(joined(&self.below, path).parse()?);
        Ok(())
    }

    fn absent(&mut self, path: &str) -> Result<(), WorktreeError> {
        self.listing.absent.push(joined(&self.below, path).parse()?);
        Ok(())
    }
}

fn open(folder: &Path) -> Result<OwnedFd, WorktreeError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let shown = folder.to_string_lossy();
    Ok(openat(CWD, folder, flags, Mode::empty()).attempt("openat", &*shown)?)
}

fn joined(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod elsewhere;

#[cfg(test)]
#[path = "index_tests.rs"]
mod index_tests;
