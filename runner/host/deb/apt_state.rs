//! A private state for apt: nothing installed, the user's sources for one release, none of the user's preferences.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::deb::apt_client::{AptError, configured_sources, network_settings, run};
use crate::deb::source_list::Source;
use crate::endpoints::base_url::BaseUrl;

/// The release and architecture that packages are resolved for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// A release by its code name, such as `bookworm`.
    pub release: String,
    /// Debian's name of the architecture, such as `amd64`.
    pub architecture: String,
}

/// A folder that apt works in as if it were a machine with nothing installed; held for one process.
#[derive(Debug)]
pub struct AptState {
    config: PathBuf,
    platform: Platform,
    roots: Vec<BaseUrl>,
    _held: File,
}

/// Why there is no state to resolve in.
#[derive(Debug, thiserror::Error)]
pub enum AptStateError {
    /// apt could not do it.
    #[error(transparent)]
    Apt(#[from] AptError),
    /// No source on this machine serves the release.
    #[error("apt is configured with no source of Debian {release}")]
    NoSource {
        /// The release that was wanted.
        release: String,
    },
    /// A path that apt's configuration cannot express.
    #[error("apt cannot work in {0:?}: its configuration takes no quotes and no line ends")]
    Path(PathBuf),
}

impl AptStateError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Apt(error) => error.hint(),
            Self::NoSource { release } => Some(format!(
                "add a source with `Suites: {release} {release}-updates` to the sources of apt, or lock on a machine that has one"
            )),
            Self::Path(_) => Some("use another cache folder (XDG_CACHE_HOME)".to_owned()),
        }
    }
}

impl AptState {
    /// Opens the state below `dir`, with the sources apt is configured with now, and fetches their lists.
    pub fn open(dir: &Path, platform: Platform) -> Result<Self, AptStateError> {
        let network = network_settings()?;
        Self::with_sources(dir, platform, &configured_sources()?, &network)
    }

    /// Opens the state with other sources than the machine's.
    pub fn with_sources(
        dir: &Path,
        platform: Platform,
        sources: &[Source],
        network: &str,
    ) -> Result<Self, AptStateError> {
        let wanted = |source: &Source| source.for_release(&platform.release);
        let sources: Vec<Source> = sources.iter().filter_map(wanted).collect();
        if sources.is_empty() {
            return Err(AptStateError::NoSource {
                release: platform.release,
            });
        }
        let dir = dir.join(format!("{}-{}", platform.release, platform.architecture));
        let held = prepare(&dir)?;
        let config = dir.join("apt.conf");
        write(&config, &configuration(&dir, &platform, network)?)?;
        let stanzas: String = sources.iter().map(Source::stanza).collect();
        write(&dir.join("debian.sources"), &stanzas)?;
        // Without it, an index that could not be fetched is only a warning, and a stale one is used.
        run(
            "apt-get",
            Some(&config),
            &["-qq", "--error-on=any", "update"],
        )?;
        Ok(Self {
            config,
            platform,
            roots: roots_of(&sources),
            _held: held,
        })
    }

    /// The release and architecture.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The roots of the archives that may be named in answers.
    pub fn roots(&self) -> &[BaseUrl] {
        &self.roots
    }

    /// What one of apt's programs prints under this state.
    pub fn ask(&self, tool: &'static str, args: &[&str]) -> Result<String, AptError> {
        run(tool, Some(&self.config), args)
    }
}

/// The roots among the URIs of sources; `mirror+`, `cdrom:` and the like cannot be asked by path.
pub fn roots_of(sources: &[Source]) -> Vec<BaseUrl> {
    let mut roots: Vec<BaseUrl> = Vec::new();
    for root in sources
        .iter()
        .flat_map(|s| &s.uris)
        .filter_map(|uri| uri.parse().ok())
    {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

/// Makes the folders and an empty list of installed packages, and waits for another process to leave.
fn prepare(dir: &Path) -> Result<File, AptError> {
    for part in ["state/lists/partial", "cache/archives/partial"] {
        let path = dir.join(part);
        fs::create_dir_all(&path).map_err(AptError::io("create", &path))?;
    }
    let path = dir.join("in-use");
    let held = File::create(&path).map_err(AptError::io("create", &path))?;
    held.lock().map_err(AptError::io("lock", &path))?;
    write(&dir.join("status"), "")?;
    Ok(held)
}

fn write(path: &Path, text: &str) -> Result<(), AptError> {
    fs::write(path, text).map_err(AptError::io("write", path))
}

/// `APT_CONFIG` is read before the user's files (apt.conf(5)), so naming no such files keeps out
/// preferences, hooks and default releases that would make the resolution differ between machines.
fn configuration(dir: &Path, platform: &Platform, network: &str) -> Result<String, AptStateError> {
    let root = dir
        .to_str()
        .filter(|text| !text.contains(['"', '\n', ';']))
        .ok_or_else(|| AptStateError::Path(dir.to_owned()))?;
    let architecture = &platform.architecture;
    let mut text = network.to_owned();
    for (key, value) in [
        ("Dir::Etc::main", "/dev/null"),
        ("Dir::Etc::parts", "/dev/null"),
        ("Dir::Etc::preferences", "/dev/null"),
        ("Dir::Etc::preferencesparts", "/dev/null"),
        ("Dir::Etc::sourceparts", "/dev/null"),
        ("Dir::Etc::sourcelist", &format!("{root}/debian.sources")),
        ("Dir::State", &format!("{root}/state")),
        ("Dir::State::status", &format!("{root}/status")),
        ("Dir::Cache", &format!("{root}/cache")),
        ("APT::Architecture", architecture),
        ("APT::Architectures::", architecture),
        ("APT::Install-Recommends", "false"),
        ("APT::Install-Suggests", "false"),
        ("Acquire::ForceHash", "SHA256"),
        ("Acquire::Languages", "none"),
        ("Acquire::Retries", "3"),
    ] {
        writeln!(text, "{key} \"{value}\";").expect("writing to a string cannot fail");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform() -> Platform {
        Platform {
            release: "bookworm".to_owned(),
            architecture: "amd64".to_owned(),
        }
    }

    #[test]
    fn the_users_preferences_are_left_out() {
        let text = configuration(Path::new("/cache/a b"), &platform(), "").unwrap();
        assert!(text.contains("Dir::Etc::preferencesparts \"/dev/null\";\n"));
        assert!(text.contains("Dir::State \"/cache/a b/state\";\n"));
    }

    #[test]
    fn a_folder_cannot_add_settings() {
        let dir = Path::new("/x\"; Dir::Bin::methods \"/evil");
        let error = configuration(dir, &platform(), "").unwrap_err();
        assert!(matches!(error, AptStateError::Path(_)));
    }
}
