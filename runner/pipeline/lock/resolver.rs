//! What a manifest is resolved with and into: the world that is asked, and what its answers come to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zwieback_host::deb::apt_state::{AptState, Platform};
use zwieback_model::bake::plan::Requests;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::lockfile::LockedFolder;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// What a manifest can be resolved into.
pub trait Resolve: Requests {
    /// Every file that the manifest asks for, not yet fetched.
    fn resolve(&self, resolver: &mut Resolver<'_>) -> Result<Resolved, PipelineError>;
}

/// What requests came to.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The files.
    pub inputs: Vec<LockedInput>,
    /// The folders of the project.
    pub folders: Vec<LockedFolder>,
}

/// Whoever can be asked, opened when first asked.
pub struct Resolver<'a> {
    /// The world.
    pub ctx: &'a Context<'a>,
    /// The project's top folder, which paths of sources start from.
    pub project: PathBuf,
    states: BTreeMap<(String, String), AptState>,
}

impl<'a> Resolver<'a> {
    /// Nothing opened yet.
    pub fn new(project: &Path, ctx: &'a Context<'a>) -> Self {
        Self {
            ctx,
            project: project.to_owned(),
            states: BTreeMap::new(),
        }
    }

    /// apt's private state for one platform.
    pub fn apt(&mut self, release: &str, architecture: &str) -> Result<&AptState, PipelineError> {
        let key = (release.to_owned(), architecture.to_owned());
        if !self.states.contains_key(&key) {
            self.ctx.check_network("resolve packages")?;
            let platform = Platform {
                release: release.to_owned(),
                architecture: architecture.to_owned(),
            };
            let state = AptState::open(&self.ctx.dirs.apt(), platform)?;
            self.states.insert(key.clone(), state);
        }
        Ok(&self.states[&key])
    }
}
