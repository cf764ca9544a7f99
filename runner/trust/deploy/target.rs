//! The target of an environment, whatever kind it is.

use std::fs::File;
use std::path::Path;

use zwieback_host::fs::beneath::open_lock;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_sandbox::call::Attempt as _;

use super::error::TargetError;
use super::folder::Folder;
use super::home::Home;
use super::hook::Hook;
use super::staged::{Deployed, Staged, plain_name};
use crate::state::environment::Generation;

/// Where the releases of an environment go.
#[derive(Clone, Debug)]
pub enum Target {
    /// A folder of releases with a link to the current one.
    Folder(Folder),
    /// A command.
    Hook(Hook),
}

/// The right to change a target; it ends when this is dropped, or the process dies.
#[derive(Debug)]
pub struct TargetLock {
    _file: File,
}

impl Target {
    /// Waits until no one else deploys there.
    pub fn lock(&self) -> Result<TargetLock, TargetError> {
        let file = File::from(open_lock(Home::make(self.home())?.dir(), "lock")?);
        file.lock().attempt("flock", "lock")?;
        Ok(TargetLock { _file: file })
    }

    /// Copies a file to where it can be deployed from; its bytes must be those of the digest.
    pub fn stage(
        &self,
        source: &File,
        artifact: Digest,
        name: &str,
    ) -> Result<Staged, TargetError> {
        let name = plain_name(name)?;
        super::copy::stage(self.home(), source, artifact, name)
    }

    /// Makes a staged copy the current release. The log has said so already.
    pub fn deploy(
        &self,
        environment: &Name,
        generation: &Generation,
        staged: &Staged,
    ) -> Result<(), TargetError> {
        match self {
            Self::Folder(folder) => folder.deploy(generation, staged),
            Self::Hook(hook) => hook.deploy(environment, generation, staged),
        }
    }

    /// What is there now.
    pub fn deployed(&self) -> Result<Option<Deployed>, TargetError> {
        match self {
            Self::Folder(folder) => folder.deployed(),
            Self::Hook(hook) => hook.deployed(),
        }
    }

    /// The file of an earlier generation, where it is still kept.
    pub fn kept(&self, generation: &Generation) -> Result<Option<File>, TargetError> {
        match self {
            Self::Folder(folder) => folder.kept(generation),
            Self::Hook(hook) => hook.kept(generation),
        }
    }

    /// The folder that belongs to the target.
    pub fn home(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.path(),
            Self::Hook(hook) => hook.home(),
        }
    }
}
