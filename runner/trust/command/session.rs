//! What every command works with: the ledger, targets and the time; and keys, where it says something.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::Path;

use zwieback_attest::policy::rego::Rego;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::verified::Artifact;
use zwieback_host::clock;
use zwieback_host::fs::artifact_file::{self, ArtifactFileError};
use zwieback_host::keys::signer::Signer;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;
use zwieback_sandbox::call::Attempt as _;

use super::error::CommandError;
use crate::deploy::copy::fingerprint;
use crate::deploy::health::Health;
use crate::deploy::target::{Target, TargetLock};
use crate::gate::decide::decide;
use crate::gate::decision::Decision;
use crate::gate::question::{Intent, Question};
use crate::ledger::Ledger;
use crate::log::files::bytes;
use crate::log::place::WriteLock;
use crate::snapshot::follow::Query;
use crate::state::folded::State;
use crate::statement::heading::Heading;

/// What is enough to look at a log and decide, without saying anything.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The log and what is known of it.
    pub ledger: &'a Ledger,
    /// Where releases go; an environment without a target is kept in the log alone.
    pub places: &'a BTreeMap<Name, Place>,
    /// Who evaluates Rego modules.
    pub rego: &'a dyn Rego,
    /// Which trust roots this machine has met.
    pub roots: &'a dyn RootMemory,
    /// Shows the time.
    pub clock: &'a dyn Clock,
    /// What it showed when this was begun, or when a lock that was waited for was there.
    pub now: Timestamp,
}

/// Shows the time.
pub trait Clock: fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        clock::now()
    }
}

/// What a machine remembers of trust roots, whichever command met them.
pub trait RootMemory: fmt::Debug {
    /// Remembers the file of the root in force. It is refused if a newer one of its line was met: nothing new is
    /// decided by keys that its keepers may have taken back.
    fn in_force(&self, root: &[u8]) -> Result<(), CommandError>;
}

/// What a command that says something works with besides.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// What it reads.
    pub reader: Reader<'a>,
    /// Signs what this command says: a person's key, or the gate's.
    pub signer: &'a dyn Signer,
    /// Signs the log.
    pub log: &'a dyn Signer,
}

/// An environment's place in the world.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where releases go.
    pub target: Target,
    /// How to tell whether one works.
    pub health: Option<Health>,
}

impl Session<'_> {
    /// The same at the present moment.
    #[must_use]
    pub(super) fn at_present(self) -> Self {
        let reader = self.reader.at_present();
        Self { reader, ..self }
    }

    /// Waits until nobody else deploys there. What is decided from then on is decided with the session that comes
    /// back: approvals may have ended since, and what was said since is not of the future.
    pub(super) fn hold_target(self, place: &Place) -> Result<(TargetLock, Self), CommandError> {
        let lock = place.target.lock()?;
        Ok((lock, self.at_present()))
    }

    /// Waits until nobody else writes the log; the same holds.
    pub(super) fn hold_log(self) -> Result<(WriteLock, Self), CommandError> {
        let (lock, reader) = self.reader.hold_log()?;
        Ok((lock, Self { reader, ..self }))
    }
}

impl Reader<'_> {
    /// The same at the present moment.
    #[must_use]
    fn at_present(self) -> Self {
        let now = self.clock.now();
        Self { now, ..self }
    }

    /// Waits until nobody else writes the log. Only what comes back knows what time it is then.
    pub(super) fn hold_log(self) -> Result<(WriteLock, Self), CommandError> {
        let lock = self.ledger.log.lock()?;
        Ok((lock, self.at_present()))
    }

    /// The heading of what is said now.
    pub fn heading(&self) -> Result<Heading, CommandError> {
        Ok(Heading {
            log: self.ledger.anchor.log.clone(),
            log_id: Some(self.ledger.log_id(self.now)?),
            issued: self.now,
        })
    }

    /// The same where the log is not what is remembered, before its id is known.
    pub(super) fn heading_without_memory(&self) -> Heading {
        Heading {
            log: self.ledger.anchor.log.clone(),
            log_id: None,
            issued: self.now,
        }
    }

    /// The state of the log now.
    pub fn state(&self) -> Result<State, CommandError> {
        Ok(self.ledger.load(self.now)?)
    }

    /// The state now as far as a decision about that artifact needs it: the snapshot's, and what the
    /// log has more.
    pub fn state_about(&self, artifact: &Artifact) -> Result<State, CommandError> {
        let wish = Query {
            artifact: artifact.sha256,
            name: artifact.plain_name(),
            now: self.now,
        };
        Ok(self.ledger.load_about(&wish)?)
    }

    /// Decides about an artifact from a state, by the trust root in force unless it is an old one.
    pub fn decide(
        &self,
        state: &State,
        artifact: &Artifact,
        environment: &Name,
        intent: Intent,
    ) -> Result<Decision, CommandError> {
        self.check_root(state)?;
        Ok(self.ask(state, artifact, environment, intent, decide)??)
    }

    /// Makes sure that this machine has met no newer trust root than the one in force.
    pub(super) fn check_root(&self, state: &State) -> Result<(), CommandError> {
        let root = &state.policy()?.documents().root;
        self.roots.in_force(root.as_bytes())
    }

    /// Asks something about an artifact, with all that the log has about it.
    pub fn ask<T>(
        &self,
        state: &State,
        artifact: &Artifact,
        environment: &Name,
        intent: Intent,
        answer: impl FnOnce(&Question<'_>) -> T,
    ) -> Result<T, CommandError> {
        let provenance = self.ledger.provenance(state, artifact.sha256, self.now)?;
        let needed = self.ledger.needed(state, artifact.sha256, self.now)?;
        Ok(answer(&Question {
            state,
            artifact,
            environment,
            provenance: &provenance,
            needed: &needed,
            rego: self.rego,
            intent,
            now: self.now,
        }))
    }
}

/// Opens an artifact once and takes its digests; from here on only the open file counts.
pub fn open_artifact(path: &Path) -> Result<(File, Artifact), CommandError> {
    let file = match artifact_file::open(path) {
        Err(ArtifactFileError::Io(error)) => Err(error).attempt("open", bytes(path))?,
        Err(source) => {
            let path = path.to_owned();
            return Err(CommandError::Long { path, source });
        }
        Ok(file) => file,
    };
    if !file.metadata().attempt("fstat", bytes(path))?.is_file() {
        return Err(CommandError::NoFile(path.to_owned()));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let artifact = Artifact::new(name, &fingerprint(&file)?);
    Ok((file, artifact))
}

/// The subject of a statement about an artifact, under the name that the log has for it.
pub fn subject(state: &State, artifact: Digest, fallback: &str) -> ResourceDescriptor {
    let record = state.artifact(artifact);
    let name = record.map_or(fallback, |record| record.name.as_str());
    ResourceDescriptor::named(name, DigestSet::sha256(artifact))
}
