//! Who runs a command: the user's folders, and what is configured for them.

use std::path::{Path, PathBuf};

use zwieback_host::dirs::Dirs;
use zwieback_host::fetch::settings::{Proxies, Settings};
use zwieback_host::fs::artifact_file;
use zwieback_host::launch::memory;
use zwieback_host::project::Project;

use super::configuration::{self, Config};
use super::failure::Failure;

/// What the environment and the command line say, whatever the command.
#[derive(Clone, Debug)]
pub struct Said {
    /// Dotted keys of the configuration with their values, the strongest last.
    pub sets: Vec<(String, String)>,
    /// The store's folder, in place of the user's own.
    pub store: Option<PathBuf>,
    /// A variable of the environment, which is read nowhere else.
    pub variable: fn(&str) -> Option<String>,
}

/// A user, with every layer of configuration applied.
#[derive(Clone, Debug)]
pub struct User {
    /// Their folders.
    pub dirs: Dirs,
    /// Every layer of configuration.
    pub config: Config,
    said: Said,
}

impl User {
    /// Reads the configuration of whoever runs this; from here on it holds for the programs that are started.
    /// The project's own counts where there is one.
    pub fn read(said: Said) -> Result<Self, Failure> {
        let dirs = Dirs::of_user()?;
        let own = dirs.config.join("config.toml");
        let project = std::env::current_dir().ok();
        let project = project.and_then(|here| Project::find(&here).ok());
        let project = project.map(|project| project.root().join(".zwieback.toml"));
        // Whatever lies there is read, or is an error: a link or a FIFO is not the same as nothing.
        let present = |file: &&Path| file.symlink_metadata().is_ok();
        let own = Some(own.as_path()).filter(present);
        let config = configuration::load(own, project.as_deref().filter(present), &said.sets)?;
        if let Some(most) = config.programs.memory {
            memory::allow(most.0);
        }
        if let Some(most) = config.limits.size {
            artifact_file::allow(most.0);
        }
        Ok(Self { dirs, config, said })
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        let named = self.said.store.clone();
        named.unwrap_or_else(|| self.dirs.store())
    }

    /// How something at an address is fetched.
    pub fn fetch_settings(&self) -> Settings {
        Settings {
            proxies: self.proxies(),
            limits: self.config.fetch.limits(),
            ..Settings::default()
        }
    }

    /// What the variables of every HTTP client say; upper case is what some systems set.
    pub fn proxies(&self) -> Proxies {
        let read = |name: &str| {
            let said = (self.said.variable)(name);
            let said = said.or_else(|| (self.said.variable)(&name.to_uppercase()));
            said.filter(|value| !value.is_empty())
        };
        Proxies {
            http: read("http_proxy"),
            https: read("https_proxy"),
            except: read("no_proxy"),
        }
    }
}
