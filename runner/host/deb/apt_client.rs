//! apt's own tools: run with a private configuration, or asked what the user configured.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::deb::source_list::{Source, parse_deb822, parse_one_line};
use crate::fs::given_file;
use crate::launch::error::LaunchError;
use crate::launch::launched::{Launch, Output};
use crate::launch::rules::APT;

/// Reads an index whatever it is compressed with; part of apt, but not on the path.
pub(crate) const HELPER: &str = "/usr/lib/apt/apt-helper";

/// How much of apt's own words an error repeats.
const MAX_WORDS: usize = 2000;

/// Why apt could not answer.
#[derive(Debug, thiserror::Error)]
pub enum AptError {
    /// This machine has no apt.
    #[error("`{tool}` is not installed")]
    Absent {
        /// The program that was not found.
        tool: &'static str,
    },
    /// apt ran and refused.
    #[error("`{command}` failed: {words}")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// What it said, shortened.
        words: String,
    },
    /// It was not started, or was ended.
    #[error(transparent)]
    Launch(LaunchError),
    /// Its files could not be read or written.
    #[error("{call} {path}: {source}")]
    Io {
        /// What was attempted.
        call: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl AptError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Absent { .. } => Some(
                "lock on a Debian machine; building needs no apt, only `[mirrors] deb = [\"http://mirror.example/debian\"]` in the configuration".to_owned(),
            ),
            Self::Failed { .. } => Some("look at the sources apt is configured with, and at the network".to_owned()),
            Self::Launch(error) => error.hint(),
            Self::Io { .. } => None,
        }
    }

    /// An error of the file system, with the call and the path.
    pub(crate) fn io(call: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { call, path, source }
    }
}

/// Every source apt is configured with on this machine, enabled and for binary packages.
pub fn configured_sources() -> Result<Vec<Source>, AptError> {
    let answer = run(
        "apt-config",
        None,
        &[
            "shell",
            "LIST",
            "Dir::Etc::sourcelist/f",
            "PARTS",
            "Dir::Etc::sourceparts/d",
        ],
    )?;
    let path = |name: &str| shell_value(&answer, name).map(PathBuf::from);
    let mut sources = Vec::new();
    for file in source_files(path("LIST"), path("PARTS"))? {
        let text = given_file::read_text(&file, given_file::DOCUMENT)
            .map_err(AptError::io("read", &file))?;
        let is_deb822 = file.extension().is_some_and(|ending| ending == "sources");
        sources.extend(if is_deb822 {
            parse_deb822(&text)
        } else {
            parse_one_line(&text)
        });
    }
    Ok(sources)
}

/// The user's settings of how to reach the network: proxies, time limits, certificates.
pub fn network_settings() -> Result<String, AptError> {
    let dump = run("apt-config", None, &["dump", "--no-empty"])?;
    let wanted = |line: &&str| line.starts_with("Acquire::http");
    Ok(dump
        .lines()
        .filter(wanted)
        .flat_map(|line| [line, "\n"])
        .collect())
}

/// Runs one of apt's programs under a configuration file of ours, if any, and gives what it printed.
pub fn run(tool: &'static str, config: Option<&Path>, args: &[&str]) -> Result<String, AptError> {
    let mut launch = Launch::new(tool, &APT)
        .arguments(args)
        .set("LC_ALL", "C.UTF-8");
    if let Some(config) = config {
        launch = launch.set("APT_CONFIG", config);
    }
    let output = launch.run(b"").map_err(|error| match error {
        LaunchError::Absent { .. } => AptError::Absent { tool },
        other => AptError::Launch(other),
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(AptError::Failed {
            command: format!("{tool} {}", args.join(" ")),
            words: words(&output),
        })
    }
}

/// The main list and the parts in the order apt reads them; files with other endings are ignored, as apt does.
fn source_files(list: Option<PathBuf>, parts: Option<PathBuf>) -> Result<Vec<PathBuf>, AptError> {
    let mut files: Vec<PathBuf> = Vec::new();
    if let Some(parts) = parts.filter(|parts| parts.is_dir()) {
        for entry in fs::read_dir(&parts).map_err(AptError::io("list", &parts))? {
            files.push(entry.map_err(AptError::io("list", &parts))?.path());
        }
    }
    let known = [OsString::from("list"), OsString::from("sources")];
    files.retain(|file| {
        file.extension()
            .is_some_and(|ending| known.iter().any(|k| k == ending))
    });
    files.sort();
    files.splice(0..0, list.filter(|list| list.is_file()));
    Ok(files)
}

/// The value in a line `NAME='VALUE'` of `apt-config shell`.
fn shell_value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix("='")?
            .strip_suffix('\'')
    })
}

fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("E: "))
        .collect();
    let told = if errors.is_empty() {
        text.trim().to_owned()
    } else {
        errors.join("; ")
    };
    if told.is_empty() {
        return output.status.to_string();
    }
    told.chars()
        .filter(|c| !c.is_control())
        .take(MAX_WORDS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_apt_config() {
        let text = "LIST='/etc/apt/sources.list'\nPARTS='/etc/apt/sources.list.d/'\n";
        assert_eq!(shell_value(text, "PARTS"), Some("/etc/apt/sources.list.d/"));
        assert_eq!(shell_value(text, "NONE"), None);
    }

    #[test]
    fn files_in_apts_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.list", "a.sources", "c.sources.off"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let list = dir.path().join("b.list");
        let files = source_files(Some(list.clone()), Some(dir.path().to_owned())).unwrap();
        assert_eq!(files, [list.clone(), dir.path().join("a.sources"), list]);
    }
}
