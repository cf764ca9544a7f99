//! Where this user's files are, by the XDG Base Directory Specification 0.8.

use std::env;
use std::path::PathBuf;

/// The folders of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Configuration that the user writes.
    pub config: PathBuf,
    /// The store and the keys.
    pub data: PathBuf,
    /// Downloads and package indexes: may be deleted at any time.
    pub cache: PathBuf,
    /// Runs and their logs.
    pub state: PathBuf,
}

/// There is no home to put anything into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither HOME nor the XDG variables say where to keep files")]
pub struct NoHome;

impl NoHome {
    /// What to set.
    pub fn hint(&self) -> Option<String> {
        Some(
            "set HOME, or XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME and XDG_STATE_HOME".into(),
        )
    }
}

impl Dirs {
    /// The folders of the user who runs this program.
    pub fn of_user() -> Result<Self, NoHome> {
        Ok(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            cache: folder("XDG_CACHE_HOME", ".cache")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The store, unless another one is named.
    pub fn store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// The folder of signing keys.
    pub fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// Unfinished downloads.
    pub fn downloads(&self) -> PathBuf {
        self.cache.join("downloads")
    }

    /// Package indexes of apt, kept apart from the system's own.
    pub fn apt(&self) -> PathBuf {
        self.cache.join("apt")
    }

    /// Runs, one folder each.
    pub fn runs(&self) -> PathBuf {
        self.state.join("runs")
    }
}

/// cargo's folder, as the Cargo Book's "Cargo Home" describes it.
pub fn cargo_home() -> Option<PathBuf> {
    let below_home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(below_home)
}

/// A relative path in an XDG variable is to be ignored (the specification, "Basics").
fn folder(variable: &str, below_home: &str) -> Result<PathBuf, NoHome> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)))
        .map(|base| base.join("zwieback"))
        .ok_or(NoHome)
}
