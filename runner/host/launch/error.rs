//! Why a program gave no answer.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use zwieback_model::manifest::quantity::ByteSize;

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It is not there.
    #[error("`{program}` is not installed")]
    Absent {
        /// Its name.
        program: String,
    },
    /// Which file it is depends on the folder that the user happens to be in.
    #[error(
        "`{program}` is a path from the present folder, and a program is never looked up there"
    )]
    Relative {
        /// Its name.
        program: String,
    },
    /// There is no empty folder for it.
    #[error("cannot make an empty folder to start a program in: {0}")]
    Folder(io::Error),
    /// A file above that folder would tell it what to do.
    #[error("{} would steer the program, and it is in nobody's own folder", file.display())]
    Steered {
        /// The file.
        file: PathBuf,
    },
    /// It could not be started or talked to.
    #[error("cannot run `{program}`: {source}")]
    Io {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It failed.
    #[error("`{program}` failed ({status}){}{said}", if said.is_empty() { "" } else { ": " })]
    Failed {
        /// Its name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to stderr, escaped.
        said: String,
    },
    /// It took too long.
    #[error("`{program}` did not answer within {} s", limit.as_secs())]
    TooSlow {
        /// Its name.
        program: String,
        /// How long it had.
        limit: Duration,
    },
    /// It printed too much.
    #[error("`{program}` printed more than {most} bytes")]
    TooMuch {
        /// Its name.
        program: String,
        /// How much it may print.
        most: usize,
    },
    /// It put too much into a folder.
    #[error("`{program}` was sent more than {most} bytes")]
    Grown {
        /// Its name.
        program: String,
        /// How much may be sent.
        most: u64,
    },
    /// It was given no more memory.
    #[error("`{program}` needed more than the {} of memory that it may have: {said}", ByteSize(*most))]
    Memory {
        /// Its name.
        program: String,
        /// How much it may have.
        most: u64,
        /// How it says so, escaped.
        said: String,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl LaunchError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Relative { .. } => {
                "write the whole path, or a name that is found in PATH".to_owned()
            }
            Self::Folder(_) => "set XDG_CACHE_HOME to a folder that can be written".to_owned(),
            Self::Steered { .. } => {
                "set XDG_CACHE_HOME to a folder outside of projects: programs start below it"
                    .to_owned()
            }
            Self::Grown { .. } => {
                "if it is meant to be so large, raise `[fetch] largest` of the configuration"
                    .to_owned()
            }
            Self::Memory { .. } => {
                "if it is meant to need so much, raise `[programs] memory` of your configuration"
                    .to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }

    /// Whether a limit ended it.
    pub fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::TooSlow { .. } | Self::TooMuch { .. } | Self::Grown { .. } | Self::Memory { .. }
        )
    }
}
