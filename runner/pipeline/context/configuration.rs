//! Configuration in layers: the user's file < the project's file < environment < command line.
//!
//! A project's file comes with the sources somebody else wrote: it may tighten, never loosen.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use serde::Deserialize;
use zwieback_host::endpoints::table::Mirrors;
use zwieback_host::fetch::settings::Limits as FetchLimits;
use zwieback_host::fs::given_file;
use zwieback_model::manifest::diagnostic::{Diagnostic, SourceText};
use zwieback_model::manifest::parse::{MAX_MANIFEST, parse};
use zwieback_model::manifest::quantity::{ByteSize, Seconds};
use zwieback_model::manifest::recipe::Limits;
use zwieback_model::variation::profile::Profile;

use super::command_context::Wish;
use super::failure::{About as _, Failure};
use super::keyring::{KeyChoice, KeyLocator};

const LONGEST: u64 = MAX_MANIFEST as u64;

/// What can be configured, with every layer applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[build]`.
    pub build: Build,
    /// `[sandbox]`.
    pub sandbox: Sandbox,
    /// `[sign]`.
    pub sign: Sign,
    /// `[fetch]`.
    pub fetch: Fetch,
    /// `[programs]`: git, cargo, npm, pip, apt, what signs, what deploys.
    pub programs: Programs,
    /// `[limits]`: the most that a recipe may ask for.
    pub limits: Limits,
    /// `[release]`.
    pub release: Release,
    /// `[mirrors]`: archive roots by purl type, asked before those of the ecosystem's own client.
    pub mirrors: BTreeMap<String, Vec<String>>,
}

/// How to build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Build {
    /// CPUs that each run may use.
    pub jobs: Option<u16>,
    /// The profile where neither recipe nor command line names one.
    pub profile: Option<Profile>,
    /// Wall-clock limit of each run; a recipe may ask for less.
    pub timeout: Option<Seconds>,
}

/// What names files, and whether it may also be the name of a key.
const PATHS: [(&str, &str, bool); 5] = [
    ("sign", "key", true),
    ("sign", "passphrase_file", false),
    ("release", "gate", false),
    ("release", "key", true),
    ("release", "log_key", true),
];

/// What to do where the machine cannot enforce a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// Locks that may be absent. It stands in the provenance.
    pub allow_absent: Vec<String>,
}

/// How to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sign {
    /// The private key: a name, a file, `pkcs11:…` or `exec:…`.
    pub key: Option<KeyLocator>,
    /// The file with the passphrase of an encrypted key file.
    pub passphrase_file: Option<PathBuf>,
    /// Who this builder is; a URI that you control.
    pub builder_id: Option<String>,
    /// Who this verifier is, in the summaries it signs.
    pub verifier_id: Option<String>,
    /// A time stamp authority (RFC 3161) that is asked for every signature.
    pub timestamp: Option<String>,
}

/// How to fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// Whether the network is off limits.
    pub offline: bool,
    /// The most bytes of one file.
    pub largest: Option<ByteSize>,
    /// The fewest bytes that must come in a second, measured over half a minute.
    pub slowest: Option<ByteSize>,
    /// The longest that one file may take.
    pub longest: Option<Seconds>,
}

/// What a program of somebody else's may have that is started outside a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Programs {
    /// The most memory of each.
    pub memory: Option<ByteSize>,
}

/// Where releases are decided about. It is the user's alone: a gate's file names commands to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    /// The file that says how the gate is set up on this machine.
    pub gate: Option<PathBuf>,
    /// The private key of the gate, where releases are promoted.
    pub key: Option<KeyLocator>,
    /// The private key of the log, where it is written.
    pub log_key: Option<KeyLocator>,
}

/// The part of the configuration that a project may set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProjectLayer {
    build: ProjectBuild,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProjectBuild {
    profile: Option<Profile>,
    timeout: Option<Seconds>,
}

impl Fetch {
    /// Where what a stranger sends ends.
    pub fn limits(&self) -> FetchLimits {
        let default = FetchLimits::default();
        let longest = self.longest.map(|longest| Duration::from_secs(longest.0));
        FetchLimits {
            largest: self.largest.map_or(default.largest, |size| size.0),
            slowest: self.slowest.map_or(default.slowest, |size| size.0),
            longest: longest.unwrap_or(default.longest),
            span: default.span,
        }
    }
}

impl Config {
    /// What of a build is configured, with a key where one is named.
    pub fn wish(&self, key: Option<&KeyLocator>) -> Wish {
        Wish {
            jobs: self.build.jobs,
            timeout: self.build.timeout,
            allow_absent: self.sandbox.allow_absent.clone(),
            key: self.sign.choice(key),
            builder_id: self.sign.builder_id.clone(),
            timestamp: self.sign.timestamp.clone(),
            ..Wish::default()
        }
    }

    /// Where archives are asked for first.
    pub fn mirrors(&self) -> Result<Mirrors, Failure> {
        let mut mirrors = Mirrors::default();
        for (kind, roots) in &self.mirrors {
            let parsed = roots.iter().map(|root| root.parse());
            let parsed: Result<Vec<_>, _> = parsed.collect();
            let parsed = parsed.with_context(|| format!("[mirrors] {kind}"))?;
            mirrors.by_type.insert(kind.clone(), parsed);
        }
        Ok(mirrors)
    }
}

impl Sign {
    /// The key to sign with: the one that is named, else that of the configuration.
    pub fn choice(&self, named: Option<&KeyLocator>) -> KeyChoice {
        KeyChoice {
            key: named.or(self.key.as_ref()).cloned(),
            passphrase_file: self.passphrase_file.clone(),
        }
    }

    /// The keys to sign with; without names, the one of the configuration.
    pub fn choices(&self, named: &[KeyLocator]) -> Vec<KeyChoice> {
        if named.is_empty() {
            return vec![self.choice(None)];
        }
        named.iter().map(|key| self.choice(Some(key))).collect()
    }
}

/// Reads every layer. `sets` are dotted keys with their values, the strongest last.
pub fn load(
    user: Option<&Path>,
    project: Option<&Path>,
    sets: &[(String, String)],
) -> Result<Config, Diagnostic> {
    let mut table = toml::Table::new();
    if let Some(file) = user {
        let text = read(file, given_file::read_text(file, LONGEST))?;
        // Parsed as a whole first: its errors point at a line of the user's own file.
        let _checked: Config = parse(SourceText {
            path: &file.display().to_string(),
            text: &text,
        })?;
        table = text.parse().expect("what was parsed is TOML");
        anchor(&mut table, file.parent().unwrap_or(Path::new("/")));
    }
    for (key, value) in sets {
        set(&mut table, key, value)?;
    }
    let text = table.to_string();
    let mut config: Config = parse(SourceText {
        path: "configuration",
        text: &text,
    })?;
    if let Some(file) = project {
        // Somebody else's: an error shows a line of it, and a link could lead to any file of the user's.
        let folder = file.parent().unwrap_or(Path::new("."));
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let text = read(file, given_file::read_text_beneath(folder, &name, LONGEST))?;
        let layer: ProjectLayer = parse(SourceText {
            path: &file.display().to_string(),
            text: &text,
        })?;
        tighten(&mut config, &layer);
    }
    Ok(config)
}

fn tighten(config: &mut Config, project: &ProjectLayer) {
    config.build.profile = config.build.profile.max(project.build.profile);
    config.build.timeout = match (config.build.timeout, project.build.timeout) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}

/// Whole paths for what the user's file names from its own folder on: from the folder at hand, whoever fills that
/// would decide which key signs and which gate's commands run.
fn anchor(table: &mut toml::Table, folder: &Path) {
    let is_named = |key: &str| {
        !key.contains('/') || KeyLocator::from_str(key).is_ok_and(|key| !key.is_place())
    };
    for (section, name, is_key) in PATHS {
        let value = table
            .get_mut(section)
            .and_then(|values| values.get_mut(name));
        if let Some(toml::Value::String(path)) = value
            && !(is_key && is_named(path))
        {
            *path = folder.join(&*path).display().to_string();
        }
    }
}

/// Sets a dotted key. A value that reads as TOML is taken as such, any other as text.
fn set(table: &mut toml::Table, key: &str, value: &str) -> Result<(), Diagnostic> {
    let value = format!("v = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("v"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let wrong = || {
        Diagnostic::whole(
            "--config",
            format!("`{key}` is not a key: SECTION.NAME is expected"),
        )
    };
    let (section, name) = key.split_once('.').ok_or_else(wrong)?;
    let section = table
        .entry(section)
        .or_insert_with(|| toml::Table::new().into());
    section
        .as_table_mut()
        .ok_or_else(wrong)?
        .insert(name.to_owned(), value);
    Ok(())
}

fn read(file: &Path, text: io::Result<String>) -> Result<String, Diagnostic> {
    text.map_err(|error| {
        Diagnostic::whole(
            &file.display().to_string(),
            format!("cannot be read: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_folder_at_hand_decides_no_path_of_the_users_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let said = "[sign]\nkey = \"keys/a\"\npassphrase_file = \"word\"\n\
                    [release]\ngate = \"gate.toml\"\nkey = \"mine\"\nlog_key = \"exec:sign /x/y\"\n";
        std::fs::write(&file, said).unwrap();
        let config = load(Some(&file), None, &[]).unwrap();
        let below = |name: &str| Some(folder.path().join(name));
        assert_eq!(config.sign.key, below("keys/a").map(KeyLocator::Place));
        assert_eq!(config.sign.passphrase_file, below("word"));
        assert_eq!(config.release.gate, below("gate.toml"));
        assert_eq!(config.release.key, Some("mine".parse().unwrap()));
        assert_eq!(
            config.release.log_key,
            Some("exec:sign /x/y".parse().unwrap())
        );
        // What is said for one command is said where it is given.
        let given = load(Some(&file), None, &sets(&[("sign.key", "./b")])).unwrap();
        assert_eq!(given.sign.key, Some("./b".parse().unwrap()));
    }

    #[test]
    fn later_layers_win() {
        let config = load(
            None,
            None,
            &sets(&[("build.jobs", "1"), ("build.jobs", "2")]),
        )
        .unwrap();
        assert_eq!(config.build.jobs, Some(2));
    }

    #[test]
    fn text_needs_no_quotes() {
        let config = load(None, None, &sets(&[("build.timeout", "5 min")])).unwrap();
        assert_eq!(config.build.timeout, Some(Seconds(300)));
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(load(None, None, &sets(&[("build.jobz", "1")])).is_err());
        assert!(load(None, None, &sets(&[("jobs", "1")])).is_err());
    }

    #[test]
    fn a_project_may_only_tighten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zwieback.toml");
        std::fs::write(
            &file,
            "[build]\nprofile = \"hermetic\"\ntimeout = \"1 h\"\n",
        )
        .unwrap();
        let mine = sets(&[("build.profile", "strict"), ("build.timeout", "1 min")]);
        let config = load(None, Some(&file), &mine).unwrap();
        assert_eq!(config.build.profile, Some(Profile::Strict));
        assert_eq!(config.build.timeout, Some(Seconds(60)));
        std::fs::write(&file, "[sandbox]\nallow_absent = [\"seccomp\"]\n").unwrap();
        assert!(load(None, Some(&file), &[]).is_err());
    }
}
