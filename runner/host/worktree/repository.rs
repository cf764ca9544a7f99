//! The repository that a folder belongs to: found as git finds it, but never believed if it is somebody else's.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::error::WorktreeError;
use super::place::folder_named_in;

/// What lies in the top folder of a checkout.
pub const NAME: &str = ".git";

/// A checkout and where git keeps what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The top folder of the files.
    pub top: PathBuf,
    /// Where the index is: `.git`, or what a `.git` file names.
    pub own: PathBuf,
    /// What all worktrees of the repository share.
    pub common: PathBuf,
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
        let git = top.join(NAME);
        let Ok(meta) = fs::metadata(&git) else {
            return Ok(None);
        };
        let own = if meta.is_dir() {
            git.clone()
        } else {
            let named = folder_named_in(&git, "gitdir:")?;
            named.ok_or_else(|| WorktreeError::LeadsNowhere(git.clone()))?
        };
        let common = folder_named_in(&own.join("commondir"), "")?;
        let found = Self {
            top: top.to_owned(),
            common: common.unwrap_or_else(|| own.clone()),
            own,
        };
        if found.is_whole() {
            return Ok(Some(found));
        }
        if meta.is_dir() {
            return Ok(None);
        }
        Err(WorktreeError::LeadsNowhere(git))
    }

    /// What git asks of a repository (gitrepository-layout(5)).
    fn is_whole(&self) -> bool {
        let has_head = self.own.join("HEAD").symlink_metadata().is_ok();
        has_head
            && ["objects", "refs"]
                .iter()
                .all(|name| self.common.join(name).is_dir())
    }

    /// In a folder that all may write to, anybody could make a repository around the files of others.
    fn check_owner(&self, folder: &Path) -> Result<(), WorktreeError> {
        let owner = |path: &Path| {
            let meta = fs::symlink_metadata(path).map_err(WorktreeError::io("stat", path))?;
            Ok::<u32, WorktreeError>(meta.uid())
        };
        let git = self.top.join(NAME);
        let theirs = owner(&git)?;
        let known = [0, geteuid().as_raw(), owner(folder)?];
        if known.contains(&theirs) {
            return Ok(());
        }
        Err(WorktreeError::Foreign {
            path: git,
            owner: theirs,
        })
    }
}
