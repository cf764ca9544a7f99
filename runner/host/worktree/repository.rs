//! The repository that a folder belongs to: found as git finds it, but never believed if it is somebody else's.
//!
//! A `.git` file names a folder anywhere. That folder is asked only if it names this checkout in turn, as
//! git has it for worktrees and submodules: so nobody's project is judged by a repository of somebody else.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use rustix::process::geteuid;

use super::config;
use super::error::WorktreeError;
use super::place::HeldFolder;

/// What lies in the top folder of a checkout.
pub const NAME: &str = ".git";

/// Where a repository keeps what belongs to one of its worktrees alone.
const WORKTREES: &str = "worktrees";

/// A checkout and where git keeps what belongs to it.
#[derive(Debug)]
pub struct Repository {
    /// The top folder of the files.
    pub top: PathBuf,
    /// Where the index is: `.git`, or what a `.git` file names.
    pub own: HeldFolder,
    /// What all worktrees of the repository share, if that is another folder.
    common: Option<HeldFolder>,
}

impl Repository {
    /// The repository around a folder, or that is it, if there is one.
    pub fn around(folder: &Path) -> Result<Option<Self>, WorktreeError> {
        let whole = fs::canonicalize(folder).map_err(WorktreeError::io("realpath", folder))?;
        for top in whole.ancestors() {
            if let Some(found) = Self::at(top)? {
                found.check_owner(&whole)?;
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The repository whose top folder this is. A `.git` folder that is none is passed over, as git does.
    pub fn at(top: &Path) -> Result<Option<Self>, WorktreeError> {
        let folder = HeldFolder::open(top)?;
        match folder.kind(NAME) {
            None => Ok(None),
            Some(FileType::Directory) => Self::of_folder(&folder),
            Some(FileType::Symlink) => Err(WorktreeError::Link(top.join(NAME))),
            Some(_) => Self::of_file(&folder).map(Some),
        }
    }

    /// What all worktrees of the repository share.
    pub fn common(&self) -> &HeldFolder {
        self.common.as_ref().unwrap_or(&self.own)
    }

    fn of_folder(top: &HeldFolder) -> Result<Option<Self>, WorktreeError> {
        let own = top.beneath(NAME)?;
        let found = Self {
            top: top.path.clone(),
            own,
            common: None,
        };
        if !found.is_whole() {
            return Ok(None);
        }
        match found.own.kind("commondir") {
            None => Ok(Some(found)),
            Some(_) => Err(WorktreeError::Shares(found.own.path.join("commondir"))),
        }
    }

    fn of_file(top: &HeldFolder) -> Result<Self, WorktreeError> {
        let file = top.path.join(NAME);
        let nowhere = || WorktreeError::LeadsNowhere(file.clone());
        let named = top.path_named_in(NAME, "gitdir:")?.ok_or_else(nowhere)?;
        // Once the way there is known, no link is on it any more.
        let named = fs::canonicalize(named).map_err(|_| nowhere())?;
        let (own, common) = held(&named)?;
        let whole =
            fs::canonicalize(&top.path).map_err(WorktreeError::io("realpath", &top.path))?;
        if !names(&own, &whole)? {
            return Err(WorktreeError::Elsewhere {
                file,
                folder: named,
            });
        }
        let found = Self {
            top: top.path.clone(),
            own,
            common,
        };
        found.is_whole().then_some(found).ok_or_else(nowhere)
    }

    /// What git asks of a repository (gitrepository-layout(5)). Links are not followed, so that nothing
    /// elsewhere answers.
    fn is_whole(&self) -> bool {
        let is_folder = |name: &&str| {
            let kind = self.common().kind(name);
            matches!(kind, Some(FileType::Directory | FileType::Symlink))
        };
        self.own.kind("HEAD").is_some() && ["objects", "refs"].iter().all(is_folder)
    }

    /// In a folder that all may write to, anybody could make a repository around the files of others.
    fn check_owner(&self, folder: &Path) -> Result<(), WorktreeError> {
        let owner = |path: &Path| {
            let meta = fs::symlink_metadata(path).map_err(WorktreeError::io("stat", path))?;
            Ok::<u32, WorktreeError>(meta.uid())
        };
        let git = self.top.join(NAME);
        let known = [0, geteuid().as_raw(), owner(folder)?];
        let common = self.common();
        for (theirs, path) in [
            (owner(&git)?, &git),
            (self.own.owner()?, &self.own.path),
            (common.owner()?, &common.path),
        ] {
            if !known.contains(&theirs) {
                return Err(WorktreeError::Foreign {
                    path: path.clone(),
                    owner: theirs,
                });
            }
        }
        Ok(())
    }
}

/// The folder that a `.git` file names, and the one that it shares with other worktrees: git has it in
/// `worktrees/NAME` of that one, and nowhere else.
fn held(named: &Path) -> Result<(HeldFolder, Option<HeldFolder>), WorktreeError> {
    let own = HeldFolder::open(named)?;
    if own.kind("commondir").is_none() {
        return Ok((own, None));
    }
    let shares = || WorktreeError::Shares(named.join("commondir"));
    let parent = named.parent().filter(|parent| parent.ends_with(WORKTREES));
    let above = parent.and_then(Path::parent).ok_or_else(shares)?;
    let told = own.path_named_in("commondir", "")?;
    if told.and_then(|told| fs::canonicalize(told).ok()).as_deref() != Some(above) {
        return Err(shares());
    }
    let name = named
        .file_name()
        .and_then(OsStr::to_str)
        .ok_or_else(shares)?;
    let common = HeldFolder::open(above)?;
    let own = common.beneath(&format!("{WORKTREES}/{name}"))?;
    Ok((own, Some(common)))
}

/// Whether a folder of git's names a checkout as its own: by a worktree's `gitdir`, or by `core.worktree`,
/// which is all that is read of any configuration.
fn names(own: &HeldFolder, top: &Path) -> Result<bool, WorktreeError> {
    let is_top = |path: PathBuf| fs::canonicalize(path).is_ok_and(|path| path == top);
    let file = own.path_named_in("gitdir", "")?;
    if file.is_some_and(|file| {
        file.ends_with(NAME) && file.parent().is_some_and(|above| is_top(above.to_owned()))
    }) {
        return Ok(true);
    }
    for name in ["config.worktree", "config"] {
        let bytes = own.read(name, config::LONGEST)?.unwrap_or_default();
        let named = config::worktree(&bytes);
        if named.is_some_and(|path| is_top(own.path.join(OsStr::from_bytes(&path)))) {
            return Ok(true);
        }
    }
    Ok(false)
}
