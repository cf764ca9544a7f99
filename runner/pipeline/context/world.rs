//! The world of one command, opened once: its user, the store, and where sandboxes come from.

use std::sync::Arc;

use zwieback_host::store::place::Store;
use zwieback_model::manifest::ceilings::Ceilings;
use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::handle::SupervisorHandle;

use super::command_context::{Context, Network};
use super::failure::Failure;
use super::observe::Observe;
use super::shared::Shared;
use super::stop::Stop;
use super::user::User;

/// Where sandboxes come from.
#[derive(Debug)]
pub struct Sandboxes(Arc<ForkServer>);

/// The world of one command.
pub struct World {
    /// Who runs it.
    pub user: User,
    store: Store,
    stop: Stop,
    sandboxes: Sandboxes,
    shared: Shared,
}

impl Sandboxes {
    /// Forks the server while this process is small, and before there is a second thread.
    pub fn start() -> Result<Self, Failure> {
        Ok(Self(ForkServer::start()?))
    }

    /// Has one sandbox begun: it makes its namespaces while this process reads the project and the store.
    pub fn supervisor(&self) -> Result<SupervisorHandle, Failure> {
        Ok(SupervisorHandle::start(&self.0)?)
    }
}

impl World {
    /// Opens the store.
    pub fn open(user: User, sandboxes: Sandboxes, stop: Stop) -> Result<Self, Failure> {
        Ok(Self {
            store: Store::open(&user.store())?,
            user,
            stop,
            sandboxes,
            shared: Shared::default(),
        })
    }

    /// The world as commands take it.
    pub fn context<'a>(
        &'a self,
        offline: bool,
        observe: &'a dyn Observe,
    ) -> Result<Context<'a>, Failure> {
        let config = &self.user.config;
        Ok(Context {
            store: &self.store,
            dirs: &self.user.dirs,
            mirrors: config.mirrors()?,
            proxies: self.user.proxies(),
            limits: config.fetch.limits(),
            ceilings: Ceilings::configured(&config.limits)?,
            network: if offline || config.fetch.offline {
                Network::Forbidden
            } else {
                Network::Allowed
            },
            observe,
            stop: &self.stop,
            sandboxes: &self.sandboxes.0,
            shared: &self.shared,
            recipe: None,
        })
    }
}
