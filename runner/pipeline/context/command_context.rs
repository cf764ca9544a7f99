//! What every story needs of the world: the store, the folders, the endpoints, and whom to tell.

use std::path::PathBuf;
use std::sync::Arc;

use zwieback_host::dirs::Dirs;
use zwieback_host::endpoints::table::Mirrors;
use zwieback_host::fetch::settings::{Limits, Proxies};
use zwieback_host::project::Project;
use zwieback_host::store::place::Store;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::plan::Variety;
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::manifest::ceilings::Ceilings;
use zwieback_model::manifest::quantity::Seconds;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::name::Name;
use zwieback_model::sandbox_spec::limits::Limits as RunLimits;
use zwieback_sandbox::fork_server::ForkServer;

use super::error::PipelineError;
use super::failure::{About as _, Failure};
use super::keyring::KeyChoice;
use super::observe::{Nobody, Observe};
use super::shared::Shared;
use super::stop::Stop;

/// The world of one invocation.
pub struct Context<'a> {
    /// Where bytes are kept.
    pub store: &'a Store,
    /// The user's folders.
    pub dirs: &'a Dirs,
    /// Archives to ask before those of the ecosystems' own clients.
    pub mirrors: Mirrors,
    /// What stands between this machine and them.
    pub proxies: Proxies,
    /// Where what a stranger sends ends.
    pub limits: Limits,
    /// How much a recipe may ask for.
    pub ceilings: Ceilings,
    /// Whether the network may be used.
    pub network: Network,
    /// Who is told what happens.
    pub observe: &'a dyn Observe,
    /// Set when the user wants to stop.
    pub stop: &'a Stop,
    /// Where sandboxes come from.
    pub sandboxes: &'a Arc<ForkServer>,
    /// What all builds of this invocation share.
    pub shared: &'a Shared,
    /// The recipe this is about.
    pub recipe: Option<Name>,
}

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// To fetch what the locks name.
    Allowed,
    /// Not at all.
    Forbidden,
}

/// What to do with other recipes when one fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterFailure {
    /// Build all that do not need it.
    #[default]
    KeepGoing,
    /// Begin no more.
    BeginNothing,
}

/// What the user wants of a build.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What differs between the runs, where it is not as the recipe says.
    pub variety: Variety,
    /// Whether the store may answer.
    pub reuse: Reuse,
    /// How many times to run.
    pub runs: Runs,
    /// Whether suspects are tested by further runs.
    pub confirm: Confirm,
    /// What to do with other recipes when one fails.
    pub after_failure: AfterFailure,
    /// CPUs that each run may use.
    pub jobs: Option<u16>,
    /// Wall-clock limit of each run.
    pub timeout: Option<Seconds>,
    /// Locks that may be absent on this machine.
    pub allow_absent: Vec<String>,
    /// Whether what the steps print is told line by line.
    pub print_logs: bool,
    /// Whether the folders of failed runs stay.
    pub keep_failed: bool,
    /// Whether what is made is signed.
    pub signing: Signing,
    /// The private key to sign with.
    pub key: KeyChoice,
    /// The builder's name, in place of zwieback's own for this mode.
    pub builder_id: Option<String>,
    /// The time stamp authority to ask for every signature.
    pub timestamp: Option<String>,
    /// Where to copy artifacts.
    pub export: Option<PathBuf>,
    /// Where to put a link to the outputs.
    pub out_link: Option<PathBuf>,
}

/// Whether the store may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Yes, if it has the action's result.
    #[default]
    Allowed,
    /// No: build again.
    Forbidden,
}

/// Whether what two runs agree on is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// At once.
    #[default]
    Now,
    /// Where the key is, by `zwieback sign`; no key is opened here.
    Later,
}

/// How many times to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runs {
    /// Twice, and compare.
    #[default]
    Twice,
    /// Once, and sign nothing.
    Once,
}

/// Whether suspects are tested by further runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Yes: each alone.
    #[default]
    Suspects,
    /// No: the first explanation has to do.
    Nothing,
}

impl Context<'_> {
    /// The project around the present folder.
    pub fn project(&self) -> Result<Project, Failure> {
        let here = std::env::current_dir().context("the present folder is gone")?;
        Ok(Project::find(&here)?)
    }

    /// The same world, in which nobody is told anything.
    pub fn unobserved(&self) -> Context<'_> {
        Context {
            observe: &Nobody,
            mirrors: self.mirrors.clone(),
            proxies: self.proxies.clone(),
            recipe: self.recipe.clone(),
            ..*self
        }
    }

    /// The same world, for one recipe.
    pub fn about(&self, recipe: &Name) -> Context<'_> {
        Context {
            mirrors: self.mirrors.clone(),
            proxies: self.proxies.clone(),
            recipe: Some(recipe.clone()),
            ..*self
        }
    }

    /// The limits of a recipe's runs, if it may ask for so much.
    pub fn limits_of(&self, recipe: &Recipe, wish: &Wish) -> Result<RunLimits, PipelineError> {
        let timeout = wish.timeout.map(|time| time.0);
        Ok(self.ceilings.limits(&recipe.limits, timeout)?)
    }

    /// Tells what happened.
    pub fn tell(&self, event: &Event) {
        self.observe.event(self.recipe.as_ref(), event);
    }

    /// Fails if the network is off limits.
    pub fn check_network(&self, what: &'static str) -> Result<(), PipelineError> {
        match self.network {
            Network::Allowed => Ok(()),
            Network::Forbidden => Err(PipelineError::NeedsNetwork { what }),
        }
    }

    /// A tree of the store by its digest.
    pub fn tree(&self, digest: &Digest) -> Result<StoredTree, PipelineError> {
        let tree = self.store.tree(digest)?;
        tree.ok_or_else(|| PipelineError::Vanished {
            file: format!("tree {}", digest.short()),
        })
    }

    /// Once the user wants to stop, whatever fails does so because of that.
    pub fn settle<T>(&self, result: Result<T, PipelineError>) -> Result<T, PipelineError> {
        if self.stop.is_wanted() && result.is_err() {
            Err(PipelineError::Interrupted)
        } else {
            result
        }
    }

    /// Fails if the user wants to stop.
    pub fn check_stop(&self) -> Result<(), PipelineError> {
        if self.stop.is_wanted() {
            Err(PipelineError::Interrupted)
        } else {
            Ok(())
        }
    }
}
