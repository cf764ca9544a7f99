//! git as a means of transport: one commit into a bare repository, without hooks, filters or a checkout.

use std::path::Path;

use tempfile::TempDir;

use crate::ecosystem::client_program::{not_run, run};
use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::git_peer;
use crate::ecosystem::git_place::GitPlace;
use crate::launch::client::GIT;
use crate::launch::launched::{Conversation, Launch};

/// What git does not take from the user's configuration. What it does take is proxies, certificates,
/// credentials and rewritten URLs: where to ask is the user's to say.
const HARDENED: [&str; 11] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.file.allow=always",
    "fetch.recurseSubmodules=false",
    "maintenance.auto=false",
    // Larger files are read in pieces, unless they are made of others.
    "core.bigFileThreshold=64m",
    // A server that sends less for so long is left for the next one.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// A bare repository that is gone when it is dropped.
pub struct Repository {
    folder: TempDir,
    /// The most bytes that servers may make of it.
    most: u64,
}

impl Repository {
    /// One commit and all that belongs to it, from the first place that has it.
    pub fn fetch(commit: &str, places: &[GitPlace], most: u64) -> Result<Self, EcosystemError> {
        let (mut asked, mut reached) = (Vec::new(), None);
        for place in places {
            let repository = Self::empty(commit, most)?;
            match repository.take(commit, place) {
                Ok(()) => return Ok(repository),
                Err(EcosystemError::Refused { words, .. }) => {
                    asked.push((place.url.clone(), words));
                }
                Err(EcosystemError::Launch(error)) if error.is_limit() => {
                    asked.push((place.url.clone(), error.to_string()));
                    reached = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let commit = commit.to_owned();
        Err(EcosystemError::NoRepository {
            commit,
            asked,
            reached,
        })
    }

    /// A program of git that reads the repository, and is asked while it runs.
    pub fn converse(&self, arguments: &[&str]) -> Result<Conversation, EcosystemError> {
        let launch = self.launch().arguments(arguments);
        launch.converse().map_err(not_run(GIT.program))
    }

    /// What a program of git prints about the repository.
    pub fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>, EcosystemError> {
        run(GIT.program, &self.launch().arguments(arguments))
    }

    fn empty(commit: &str, most: u64) -> Result<Self, EcosystemError> {
        let temporary = Path::new("a temporary folder");
        let folder = tempfile::tempdir().map_err(EcosystemError::io("mkdir", temporary))?;
        let repository = Self { folder, most };
        let format = if commit.len() == 64 { "sha256" } else { "sha1" };
        let format = format!("--object-format={format}");
        // Without a template there are no sample hooks either.
        repository.ask(&["init", "--quiet", "--bare", "--template=", &format])?;
        Ok(repository)
    }

    fn take(&self, commit: &str, place: &GitPlace) -> Result<(), EcosystemError> {
        let mut fetch = if place.is_own {
            Vec::new()
        } else {
            git_peer::settings(&place.url)?
        };
        let ask = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
        fetch.extend(ask.map(str::to_owned));
        let fetch: Vec<&str> = fetch.iter().map(String::as_str).collect();
        let place = place.url.as_str();
        let alone = self.ask(&[&fetch[..], &["--depth=1", "--", place, commit]].concat());
        if let Err(first) = alone {
            if is_final(&first) {
                return Err(first);
            }
            // A server of plain files gives what it advertises, and an old one too.
            let all = ["--", place, "+refs/*:refs/all/*"];
            let all = self.ask(&[&fetch[..], &all].concat());
            all.map_err(|second| if is_final(&second) { second } else { first })?;
        }
        let object = format!("{commit}^{{commit}}");
        self.ask(&["rev-parse", "--quiet", "--verify", &object])?;
        Ok(())
    }

    fn launch(&self) -> Launch {
        Launch::of(&GIT)
            .arguments(HARDENED.iter().flat_map(|setting| ["-c", *setting]))
            // Named, it is not looked for.
            .set("GIT_DIR", self.folder.path())
            .set("GIT_TERMINAL_PROMPT", "0")
            .set("GIT_NO_REPLACE_OBJECTS", "1")
            .set("GIT_NO_LAZY_FETCH", "1")
            .set("LC_ALL", "C")
            .growing(self.folder.path(), self.most)
    }
}

/// Whether nothing is to be tried any more: git was ended, and did not say no.
fn is_final(error: &EcosystemError) -> bool {
    matches!(error, EcosystemError::Launch(_) | EcosystemError::Cancelled)
}
