//! Why a release did not reach its target.

use std::path::PathBuf;

use zwieback_host::launch::error::LaunchError;
use zwieback_sandbox::call::CallError;

use crate::reason::Refusal;

/// Why a release did not reach its target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A system call failed.
    #[error(transparent)]
    Fault(#[from] CallError),
    /// The bytes are not those that were decided about.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The command that deploys failed.
    #[error("the command `{command}` that deploys ended with {status}")]
    Hook {
        /// The command.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The command that deploys was not started, or was ended.
    #[error("the command that deploys: {0}")]
    Launch(LaunchError),
    /// The target's folder is a link or a file.
    #[error("{} is no folder: nothing is deployed through a link", .0.display())]
    NoFolder(PathBuf),
    /// A command without words.
    #[error("the target's command is empty")]
    NoCommand,
    /// A name that no file of a release can have.
    #[error("{0:?} cannot be the name of a file in a release")]
    Name(String),
    /// The log says what is to be deployed, and the bytes are nowhere.
    #[error("generation {generation} is to be deployed, and its file is not here")]
    Absent {
        /// The generation.
        generation: u64,
    },
}

impl TargetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder(_) => Some("name the folder itself in gate.toml".into()),
            Self::Absent { .. } => Some("promote the artifact again from where it is".into()),
            Self::Hook { .. } | Self::Launch(LaunchError::TooSlow { .. }) => {
                Some("the promotion stands in the log; settling runs the command again".into())
            }
            Self::Launch(error) => error.hint(),
            _ => None,
        }
    }
}
