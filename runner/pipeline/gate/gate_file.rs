//! The file `gate.toml`: where a log lies, why it is believed, and where releases go from here.
//!
//! It holds no secret and may be shared; but commands stand in it, so a user names it, no project
//! does. What is decided stands in the log alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use zwieback_host::fs::given_file;
use zwieback_model::digest::Digest;
use zwieback_model::manifest::diagnostic::{Diagnostic, SourceText};
use zwieback_model::manifest::parse::{MAX_MANIFEST, parse};
use zwieback_model::manifest::quantity::Seconds;
use zwieback_model::name::Name;
use zwieback_trust::command::session::Place;
use zwieback_trust::deploy::command::TargetCommand;
use zwieback_trust::deploy::folder::Folder;
use zwieback_trust::deploy::health::Health;
use zwieback_trust::deploy::hook::Hook;
use zwieback_trust::deploy::target::Target;

/// How long a health command may take where the file does not say.
const PATIENCE: Seconds = Seconds(60);
/// How long a command may deploy where the file does not say.
const TIME_LIMIT: Seconds = Seconds(600);

/// One gate as a machine knows it. Relative paths start from the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateFile {
    /// The log.
    pub log: LogPart,
    /// The digest of the first policy: `zwieback policy digest` prints it.
    pub policy: Digest,
    /// Where the releases of an environment go.
    #[serde(default, rename = "target")]
    pub targets: BTreeMap<Name, TargetPart>,
}

/// Where the log lies, and why it is believed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "LogTable")]
pub struct LogPart {
    /// Its folder.
    pub folder: PathBuf,
    /// Who must vouch for it.
    pub belief: Belief,
    /// How old the word of its witnesses may be.
    pub max_age: Option<Seconds>,
}

/// Why a log is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belief {
    /// By its own key, as `zwieback log init` prints it.
    SignedBy(String),
    /// By a file that names the log and its witnesses, in the form of C2SP's tlog-policy.
    Witnesses(PathBuf),
}

/// Where releases go, and how to tell whether one works.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TargetTable")]
pub struct TargetPart {
    kind: TargetKind,
    health: Option<Vec<String>>,
    patience: Seconds,
    time_limit: Seconds,
    variables: Vec<String>,
    /// Where the file lies: commands start there.
    within: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TargetKind {
    /// A folder of releases with a link to the current one.
    Folder(PathBuf),
    /// A command that reads the verified file from its standard input, and a folder of its own.
    Command(Vec<String>, PathBuf),
}

/// `[log]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LogTable {
    folder: PathBuf,
    signed_by: Option<String>,
    witnesses: Option<PathBuf>,
    max_age: Option<Seconds>,
}

/// `[target.NAME]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TargetTable {
    folder: Option<PathBuf>,
    command: Option<Vec<String>>,
    state: Option<PathBuf>,
    health: Option<Vec<String>>,
    patience: Option<Seconds>,
    time_limit: Option<Seconds>,
    #[serde(default)]
    variables: Vec<String>,
}

impl TryFrom<LogTable> for LogPart {
    type Error = &'static str;

    fn try_from(table: LogTable) -> Result<Self, Self::Error> {
        let belief = match (table.signed_by, table.witnesses) {
            (Some(key), None) => Belief::SignedBy(key),
            (None, Some(path)) => Belief::Witnesses(path),
            _ => return Err("a log needs either `signed-by` or `witnesses`"),
        };
        Ok(Self {
            folder: table.folder,
            belief,
            max_age: table.max_age,
        })
    }
}

impl TryFrom<TargetTable> for TargetPart {
    type Error = &'static str;

    fn try_from(table: TargetTable) -> Result<Self, Self::Error> {
        let kind = match (table.folder, table.command, table.state) {
            (Some(folder), None, None) => TargetKind::Folder(folder),
            (None, Some(command), Some(state)) if !command.is_empty() => {
                TargetKind::Command(command, state)
            }
            _ => return Err("a target needs either `folder`, or `command` and `state`"),
        };
        if table.time_limit.is_some() && matches!(kind, TargetKind::Folder(_)) {
            return Err("`time-limit` is of a `command`; `patience` is that of `health`");
        }
        Ok(Self {
            kind,
            health: table.health,
            patience: table.patience.unwrap_or(PATIENCE),
            time_limit: table.time_limit.unwrap_or(TIME_LIMIT),
            variables: table.variables,
            within: PathBuf::new(),
        })
    }
}

impl GateFile {
    /// Reads the file; its paths are made absolute or relative to the present folder.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let text = given_file::read_text(path, MAX_MANIFEST as u64).map_err(|error| {
            Diagnostic::whole(&name, format!("cannot be read: {error}"))
                .with_hint("--gate FILE or `[release] gate` of your configuration names it")
        })?;
        let source = SourceText {
            path: &name,
            text: &text,
        };
        let mut file: Self = parse(source)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let within = std::path::absolute(path)
            .ok()
            .and_then(|whole| Some(whole.parent()?.to_owned()));
        file.log.folder = folder.join(&file.log.folder);
        if let Belief::Witnesses(path) = &mut file.log.belief {
            *path = folder.join(&*path);
        }
        for target in file.targets.values_mut() {
            target.within = within.clone().unwrap_or_default();
            let path = target.path();
            *path = folder.join(&*path);
        }
        match file.shared_target() {
            Some(why) => Err(Diagnostic::whole(&name, why)
                .with_hint("name a folder of its own for each, from which each is served")),
            None => Ok(file),
        }
    }

    /// Which two environments have one folder: each would take what the other one put there for somebody's change,
    /// and put its own release back.
    fn shared_target(&self) -> Option<String> {
        let mut seen: BTreeMap<PathBuf, &Name> = BTreeMap::new();
        for (name, target) in &self.targets {
            let (TargetKind::Folder(path) | TargetKind::Command(_, path)) = &target.kind;
            // One that is not there yet has no other name than this one.
            let place = path.canonicalize();
            let place = place.or_else(|_| std::path::absolute(path));
            let place = place.unwrap_or_else(|_| path.clone());
            let shown = path.display();
            if let Some(other) = seen.insert(place, name) {
                return Some(format!("`{other}` and `{name}` share the folder {shown}"));
            }
        }
        None
    }

    /// The places of all environments that have one.
    pub fn places(&self) -> BTreeMap<Name, Place> {
        let targets = self.targets.iter();
        targets
            .map(|(name, it)| (name.clone(), it.place()))
            .collect()
    }
}

impl TargetPart {
    fn path(&mut self) -> &mut PathBuf {
        match &mut self.kind {
            TargetKind::Folder(path) | TargetKind::Command(_, path) => path,
        }
    }

    fn place(&self) -> Place {
        let health = self.health.as_ref();
        let health = health.map(|words| self.command(words, self.patience));
        Place {
            target: match &self.kind {
                TargetKind::Folder(path) => Target::Folder(Folder::new(path)),
                TargetKind::Command(command, state) => {
                    Target::Hook(Hook::new(self.command(command, self.time_limit), state))
                }
            },
            health: health.map(|command| Health { command }),
        }
    }

    fn command(&self, words: &[String], limit: Seconds) -> TargetCommand {
        TargetCommand {
            words: words.to_vec(),
            folder: self.within.clone(),
            limit: Duration::from_secs(limit.0),
            variables: self.variables.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GateFile, Diagnostic> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate.toml");
        std::fs::write(&path, text).unwrap();
        let mut file = GateFile::read(&path)?;
        let below = file.log.folder.strip_prefix(folder.path());
        file.log.folder = below.unwrap().to_owned();
        Ok(file)
    }

    fn gate(log: &str, rest: &str) -> String {
        let zeros = "0".repeat(64);
        format!("policy = \"{zeros}\"\n[log]\nfolder = \"log\"\n{log}\n{rest}")
    }

    #[test]
    fn a_gate_needs_a_log_and_a_reason_to_believe_it() {
        let file = read(&gate("signed-by = \"log.example+0+0\"", "")).unwrap();
        assert_eq!(file.log.folder, Path::new("log"));
        assert!(read(&gate("", "")).is_err());
        assert!(read(&gate("signed-by = \"k\"\nwitnesses = \"f\"", "")).is_err());
        assert!(read(&gate("signed-by = \"k\"", "typo = 1")).is_err());
    }

    #[test]
    fn each_environment_has_a_folder_of_its_own() {
        for (one, other) in [
            ("folder = \"x\"", "folder = \"x\""),
            ("folder = \"x\"", "folder = \"./x/\""),
            ("folder = \"x\"", "command = [\"deploy\"]\nstate = \"x\""),
            ("folder = \"/usr\"", "folder = \"/usr/bin/..\""),
        ] {
            let targets = format!("[target.a]\n{one}\n[target.b]\n{other}\n");
            let refused = read(&gate("signed-by = \"k\"", &targets)).unwrap_err();
            assert!(
                refused.to_string().contains("`a` and `b` share"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_target_is_a_folder_or_a_command() {
        let targets = "[target.staging]\nfolder = \"staging\"\nhealth = [\"true\"]\n\
                       [target.prod]\ncommand = [\"deploy\"]\nstate = \"prod\"\n";
        let file = read(&gate("signed-by = \"k\"", targets)).unwrap();
        let places = file.places();
        assert_eq!(places.len(), 2);
        let staging = &places[&"staging".parse::<Name>().unwrap()];
        assert_eq!(
            staging.health.as_ref().unwrap().command.limit,
            Duration::from_mins(1)
        );
        let command = &staging.health.as_ref().unwrap().command;
        // Wherever the caller is.
        assert!(command.folder.is_absolute());
        let limited =
            "[target.prod]\ncommand = [\"deploy\"]\nstate = \"prod\"\ntime-limit = \"20 min\"\n";
        assert!(read(&gate("signed-by = \"k\"", limited)).is_ok());
        let idle = "[target.prod]\nfolder = \"prod\"\ntime-limit = \"20 min\"\n";
        assert!(read(&gate("signed-by = \"k\"", idle)).is_err());
        let both = "[target.prod]\ncommand = [\"deploy\"]\nfolder = \"prod\"\n";
        assert!(read(&gate("signed-by = \"k\"", both)).is_err());
    }
}
