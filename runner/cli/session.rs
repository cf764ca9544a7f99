//! What a command needs of the world, opened from flags, environment and configuration.

use super::args::global::{Format, Global};
use super::env;
use super::interrupt;
use super::screen::human::Human;
use super::screen::json::Json;
use super::screen::paint::Paint;
use super::screen::volume::Volume;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::configuration::Config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::observe::Observe;
use crate::pipeline::context::user::{Said, User};
use crate::pipeline::context::world::{Sandboxes, World};

/// The world of one command, and the screen that the user wants.
pub struct Session {
    /// The world.
    pub world: World,
    screen: Box<dyn Observe>,
}

impl Session {
    /// Opens the world. The project's own configuration counts where there is one.
    pub fn open(global: &Global) -> Result<Self, Failure> {
        Self::open_with(Sandboxes::start()?, global)
    }

    /// The same with sandboxes that were begun.
    pub fn open_with(sandboxes: Sandboxes, global: &Global) -> Result<Self, Failure> {
        let user = user(global)?;
        let stop = interrupt::watch()?;
        Ok(Self {
            world: World::open(user, sandboxes, stop)?,
            screen: screen(global),
        })
    }

    /// Every layer of configuration.
    pub fn config(&self) -> &Config {
        &self.world.user.config
    }

    /// The world as the pipeline takes it.
    pub fn context(&self, offline: bool) -> Result<Context<'_>, Failure> {
        self.world.context(offline, self.screen.as_ref())
    }
}

/// The user's folders and their configuration, for a command that needs no more.
pub fn user(global: &Global) -> Result<User, Failure> {
    let mut sets = env::config_keys();
    for given in &global.config {
        let (key, value) = given
            .split_once('=')
            .with_context(|| format!("--config {given}: KEY=VALUE is expected"))?;
        sets.push((key.to_owned(), value.to_owned()));
    }
    if env::is_on(env::OFFLINE) {
        sets.push(("fetch.offline".to_owned(), "true".to_owned()));
    }
    User::read(Said {
        sets,
        store: env::path(env::STORE),
        variable: env::text,
    })
}

fn screen(global: &Global) -> Box<dyn Observe> {
    let volume = match (global.quiet, global.verbose) {
        (true, _) => Volume::Quiet,
        (false, 0) => Volume::Normal,
        (false, _) => Volume::Verbose,
    };
    match global.format {
        Format::Json => Box::new(Json),
        Format::Human => {
            let progress = !global.no_progress && !env::is_on(env::NO_PROGRESS);
            let paint = Paint::for_stderr(global.color);
            Box::new(Human::new(paint, volume, progress))
        }
    }
}
