//! What a command needs of the world, opened from flags, environment and configuration.

use std::path::Path;
use std::sync::Arc;

use zwieback_host::dirs::Dirs;
use zwieback_host::endpoints::table::Mirrors;
use zwieback_host::fetch::settings::Settings;
use zwieback_host::launch::memory;
use zwieback_host::project::Project;
use zwieback_host::store::place::Store;
use zwieback_model::manifest::ceilings::Ceilings;
use zwieback_sandbox::fork_server::ForkServer;

use super::args::global::{Format, Global};
use super::config::{self, Config};
use super::env;
use super::screen::human::Human;
use super::screen::json::Json;
use super::screen::paint::Paint;
use super::screen::volume::Volume;
use crate::pipeline::context::command_context::{Context, Network};
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::observe::Observe;
use crate::pipeline::context::shared::Shared;
use crate::pipeline::context::stop::Stop;

/// The world of one command.
pub struct Session {
    /// Every layer of configuration.
    pub config: Config,
    /// The user's folders.
    pub dirs: Dirs,
    /// The store.
    pub store: Store,
    /// Set by Ctrl-C.
    pub stop: Stop,
    sandboxes: Arc<ForkServer>,
    shared: Shared,
    screen: Box<dyn Observe>,
}

impl Session {
    /// Opens the world. The project's own configuration counts where there is one.
    pub fn open(global: &Global) -> Result<Self, Failure> {
        // It is forked while this process is small, and before there is a second thread.
        Self::open_with(ForkServer::start()?, global)
    }

    /// The same with a fork server that is there already.
    pub fn open_with(sandboxes: Arc<ForkServer>, global: &Global) -> Result<Self, Failure> {
        let dirs = Dirs::of_user()?;
        let config = load_config(global, &dirs)?;
        let store = env::path(env::STORE).unwrap_or_else(|| dirs.store());
        let stop = super::interrupt::watch()?;
        Ok(Self {
            store: Store::open(&store)?,
            config,
            dirs,
            stop,
            sandboxes,
            shared: Shared::default(),
            screen: screen(global),
        })
    }

    /// The project around the present folder.
    pub fn project(&self) -> Result<Project, Failure> {
        let here = std::env::current_dir().context("the present folder is gone")?;
        Ok(Project::find(&here)?)
    }

    /// The world as the stories take it.
    pub fn context(&self, offline: bool) -> Result<Context<'_>, Failure> {
        let offline = offline || self.config.fetch.offline || env::is_on(env::OFFLINE);
        Ok(Context {
            store: &self.store,
            dirs: &self.dirs,
            mirrors: mirrors(&self.config)?,
            proxies: env::proxies(),
            limits: self.config.fetch.limits(),
            ceilings: Ceilings::configured(&self.config.limits)?,
            network: if offline {
                Network::Forbidden
            } else {
                Network::Allowed
            },
            observe: self.screen.as_ref(),
            stop: &self.stop,
            sandboxes: &self.sandboxes,
            shared: &self.shared,
            recipe: None,
        })
    }
}

/// The configuration with every layer applied; from here on it holds for the programs that are started.
pub fn load_config(global: &Global, dirs: &Dirs) -> Result<Config, Failure> {
    let user = dirs.config.join("config.toml");
    let project = std::env::current_dir()
        .ok()
        .and_then(|here| Project::find(&here).ok())
        .map(|project| project.root().join(".zwieback.toml"));
    let mut sets = env::config_keys();
    for given in &global.config {
        let (key, value) = given
            .split_once('=')
            .with_context(|| format!("--config {given}: KEY=VALUE is expected"))?;
        sets.push((key.to_owned(), value.to_owned()));
    }
    // Whatever lies there is read, or is an error: a link or a FIFO is not the same as nothing.
    let present = |file: &Path| file.symlink_metadata().is_ok();
    let config = config::load(
        Some(user.as_path()).filter(|file| present(file)),
        project.as_deref().filter(|file| present(file)),
        &sets,
    )?;
    if let Some(most) = config.programs.memory {
        memory::allow(most.0);
    }
    Ok(config)
}

/// The user's folders and their configuration, for a command that needs no more.
pub fn user_config(global: &Global) -> Result<(Dirs, Config), Failure> {
    let dirs = Dirs::of_user()?;
    let config = load_config(global, &dirs)?;
    Ok((dirs, config))
}

/// How a log at an address is fetched.
pub fn fetch_settings(config: &Config) -> Settings {
    Settings {
        proxies: env::proxies(),
        limits: config.fetch.limits(),
        ..Settings::default()
    }
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
            Box::new(Human::new(
                Paint::for_stderr(global.color),
                volume,
                progress,
            ))
        }
    }
}

fn mirrors(config: &Config) -> Result<Mirrors, Failure> {
    let mut mirrors = Mirrors::default();
    for (kind, roots) in &config.mirrors {
        let parsed = roots
            .iter()
            .map(|root| root.parse())
            .collect::<Result<_, _>>();
        mirrors.by_type.insert(
            kind.clone(),
            parsed.with_context(|| format!("[mirrors] {kind}"))?,
        );
    }
    Ok(mirrors)
}
