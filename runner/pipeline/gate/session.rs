//! A gate, opened: the log and why it is believed, the targets, and the keys of whoever speaks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zwieback_host::dirs::Dirs;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::keys::signer::Signer;
use zwieback_host::rego::RegoProcess;
use zwieback_model::manifest::diagnostic::Diagnostic;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::session::{MachineClock, Place, Reader, RootMemory, Session};
use zwieback_trust::ledger::{LastBelieved, Ledger};
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::{Reason, Refusal};
use zwieback_trust::state::folded::Anchor;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use super::gate_file::{Belief, GateFile, LogPart};
use super::gate_memory::GateMemory;
use super::log_memory::MemoryError;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::keyring::{self, KeyChoice, Keyring, KeyringError};
use crate::pipeline::trust::root_memory::RootStateError;
use crate::pipeline::trust::root_state;

/// A gate that can be asked.
#[derive(Debug)]
pub struct Gate {
    /// The log, and on what terms it is believed.
    pub ledger: Ledger,
    /// Where releases go.
    pub places: BTreeMap<Name, Place>,
    rego: RegoProcess,
    keys: Keys,
    dirs: Dirs,
}

/// The private keys that a machine has.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The gate's, where releases are promoted.
    pub gate: Option<KeyChoice>,
    /// The log's, where it is written.
    pub log: Option<KeyChoice>,
}

/// The keys of whoever says something: their own, and the log's.
pub struct Signers {
    /// Signs what is said.
    pub own: Keyring,
    log: Keyring,
}

/// Why there is no gate to ask.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// No file says how the gate is set up.
    #[error("no gate is set up here")]
    Absent,
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] Diagnostic),
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file about witnesses cannot be read.
    #[error("{}: {source}", path.display())]
    Witnesses {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What this user remembers of the log cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// This machine is not one that does this.
    #[error("this machine has no key of the {0}")]
    NoKey(&'static str),
}

impl Gate {
    /// Opens the gate of a file.
    pub fn open(path: &Path, keys: Keys, dirs: &Dirs) -> Result<Self, GateError> {
        let file = GateFile::read(path)?;
        let witnesses = believed(&file.log)?;
        let log = LogDir::open(&file.log.folder)?;
        let [key, ..] = witnesses.logs() else {
            let saw = "no log is named";
            return Err(LogError::from(Refusal::new(Reason::WitnessPolicyMalformed, saw)).into());
        };
        let anchor = Anchor {
            log: key.name().clone(),
            key: key.clone(),
            policy: file.policy,
        };
        let memory = GateMemory::of(dirs, &anchor, key)?;
        Ok(Self {
            ledger: Ledger {
                log,
                witnesses,
                seen: memory.seen,
                verified: memory.verified,
                snapshots: memory.snapshots,
                max_age: file
                    .log
                    .max_age
                    .map(|age| i64::try_from(age.0).unwrap_or(i64::MAX)),
                anchor,
                last: LastBelieved::default(),
            },
            places: file.places(),
            rego: RegoProcess::default(),
            keys,
            dirs: dirs.clone(),
        })
    }

    /// What is enough to look.
    pub fn reader(&self, now: Timestamp) -> Reader<'_> {
        Reader {
            ledger: &self.ledger,
            places: &self.places,
            rego: &self.rego,
            roots: self,
            clock: &MachineClock,
            now,
        }
    }

    /// The keys of a person: the one that is named, or their own.
    pub fn person(&self, key: &KeyChoice) -> Result<Signers, GateError> {
        Ok(Signers {
            own: keyring::open(&self.dirs, key)?,
            log: self.log_signer()?,
        })
    }

    /// The keys of the gate, on a machine that has them.
    pub fn keeper(&self) -> Result<Signers, GateError> {
        let key = self.keys.gate.as_ref().ok_or(GateError::NoKey("gate"))?;
        Ok(Signers {
            own: keyring::open(&self.dirs, key)?,
            log: self.log_signer()?,
        })
    }

    /// The key of the log, on a machine that writes it.
    pub fn log_signer(&self) -> Result<Keyring, GateError> {
        let key = self.keys.log.as_ref().ok_or(GateError::NoKey("log"))?;
        Ok(keyring::open(&self.dirs, key)?)
    }
}

impl RootMemory for Gate {
    fn in_force(&self, root: &[u8]) -> Result<(), CommandError> {
        root_state::in_force(&self.dirs, root).map_err(|error| match error {
            RootStateError::Refused(refusal) => Refusal::from(refusal).into(),
            RootStateError::Io { path, source } => CommandError::Roots { path, source },
        })
    }
}

impl Signers {
    /// A session in which these signers sign.
    pub fn session<'a>(&'a self, reader: Reader<'a>) -> Session<'a> {
        Session {
            reader,
            signer: self.signer(),
            log: self.log.signer.as_ref(),
        }
    }

    /// Signs what is said.
    pub fn signer(&self) -> &dyn Signer {
        self.own.signer.as_ref()
    }
}

impl GateError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Absent => Some(
                "--gate FILE names its gate.toml, or `[release] gate = \"FILE\"` in your own \
                 configuration"
                    .into(),
            ),
            Self::File(error) => error.hint.clone(),
            Self::Log(error) => error.hint(),
            Self::Key(error) => error.hint(),
            Self::NoKey("log") => Some(
                "sign with --output FILE and have it submitted, or name the log's key: \
                 `[release] log_key` of your own configuration"
                    .into(),
            ),
            Self::NoKey(_) => Some("`[release] key` of your own configuration names it".into()),
            Self::Memory(_) | Self::Witnesses { .. } => None,
        }
    }
}

fn believed(log: &LogPart) -> Result<WitnessPolicy, GateError> {
    let policy = match &log.belief {
        Belief::SignedBy(key) => key.parse().map(WitnessPolicy::unwitnessed),
        Belief::Witnesses(path) => {
            let text =
                given_file::read_text(path, DOCUMENT).map_err(|source| GateError::Witnesses {
                    path: path.clone(),
                    source,
                })?;
            WitnessPolicy::parse(&text)
        }
    };
    Ok(policy.map_err(LogError::from)?)
}

impl From<GateError> for Failure {
    fn from(error: GateError) -> Self {
        let refusal = match &error {
            GateError::Log(LogError::Refused(refusal)) => Some(refusal.clone()),
            _ => None,
        };
        let hint = error.hint();
        let failure = Self::new(error).with_hint(hint);
        failure.with_refusal(refusal.as_ref())
    }
}
