//! git as a means of transport: one commit into a bare repository, without hooks, filters or a checkout.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ecosystem::client_program::run;
use crate::ecosystem::error::EcosystemError;

/// What git does not take from the user's configuration. What it does take is proxies, certificates,
/// credentials and rewritten URLs: where to ask is the user's to say.
const HARDENED: [&str; 10] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.file.allow=always",
    "fetch.recurseSubmodules=false",
    "maintenance.auto=false",
    // A server that sends less for so long is left for the next one.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// Variables that would lead git to another repository or program.
const LEADING: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_TEMPLATE_DIR",
    "GIT_EXTERNAL_DIFF",
];

/// A bare repository that is gone when it is dropped.
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// One commit and all that belongs to it, from the first place that has it.
    pub fn fetch(commit: &str, places: &[String]) -> Result<Self, EcosystemError> {
        let mut asked = Vec::new();
        for place in places {
            let repository = Self::empty(commit)?;
            match repository.take(commit, place) {
                Ok(()) => return Ok(repository),
                Err(EcosystemError::Refused { words, .. }) => asked.push((place.clone(), words)),
                Err(error) => return Err(error),
            }
        }
        let commit = commit.to_owned();
        Err(EcosystemError::NoRepository { commit, asked })
    }

    /// A program of git that reads the repository; its input and output are pipes.
    pub fn spawn(&self, arguments: &[&str]) -> Result<Child, EcosystemError> {
        let mut command = self.command();
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let git = Path::new("git");
        command.spawn().map_err(EcosystemError::io("execute", git))
    }

    /// What a program of git prints about the repository.
    pub fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>, EcosystemError> {
        let mut command = self.command();
        command.args(arguments);
        run("git", command)
    }

    fn empty(commit: &str) -> Result<Self, EcosystemError> {
        let temporary = Path::new("a temporary folder");
        let folder = tempfile::tempdir().map_err(EcosystemError::io("mkdir", temporary))?;
        let repository = Self { folder };
        let format = if commit.len() == 64 { "sha256" } else { "sha1" };
        let format = format!("--object-format={format}");
        // Without a template there are no sample hooks either.
        repository.ask(&["init", "--quiet", "--bare", "--template=", &format])?;
        Ok(repository)
    }

    fn take(&self, commit: &str, place: &str) -> Result<(), EcosystemError> {
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
        let alone = self.ask(&[&fetch[..], &["--depth=1", "--", place, commit]].concat());
        if let Err(first) = alone {
            // A server of plain files gives what it advertises, and an old one too.
            let all = ["--", place, "+refs/*:refs/all/*"];
            self.ask(&[&fetch[..], &all].concat()).map_err(|_| first)?;
        }
        let object = format!("{commit}^{{commit}}");
        self.ask(&["rev-parse", "--quiet", "--verify", &object])?;
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        for setting in HARDENED {
            command.args(["-c", setting]);
        }
        for name in LEADING {
            command.env_remove(name);
        }
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }
}
