//! Why a command did not end well.

use std::io;
use std::path::PathBuf;

use zwieback_attest::reason as attest;
use zwieback_host::fs::artifact_file::ArtifactFileError;
use zwieback_sandbox::call::CallError;

use crate::deploy::error::TargetError;
use crate::log::error::LogError;
use crate::reason::{Refusal, Why};

/// Why a command did not end well.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The release did not reach its target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The gate said no, or could not decide.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What is remembered of trust roots cannot be read or written.
    #[error("{}: {source}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The artifact is no regular file.
    #[error("{} is no file that could be released", .0.display())]
    NoFile(PathBuf),
    /// The artifact is longer than any that is released.
    #[error("{}: {source}", path.display())]
    Long {
        /// The file.
        path: PathBuf,
        /// How long it is.
        source: ArtifactFileError,
    },
    /// Nothing in the log has this number or digest.
    #[error("entry {0} is no decision")]
    NoDecision(u64),
}

impl CommandError {
    /// The refusal behind it, if that is what it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal)
            | Self::Log(LogError::Refused(refusal))
            | Self::Target(TargetError::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// The reason, by which programs decide: exit 5 if a policy denied, else 4.
    pub fn why(&self) -> Option<Why> {
        self.refusal().map(|refusal| refusal.reason)
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Log(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Long { source, .. } => source.hint(),
            Self::Refused(refusal) if refusal.reason == attest::Reason::RootRollback.into() => {
                Some(
                    "a newer trust root was used here: `zwieback policy propose` puts it in force"
                        .into(),
                )
            }
            _ => None,
        }
    }
}

impl From<CallError> for CommandError {
    fn from(fault: CallError) -> Self {
        Self::Target(fault.into())
    }
}
