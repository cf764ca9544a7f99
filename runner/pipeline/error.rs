//! Everything that can end a story early.

use std::io;
use std::path::PathBuf;

use zwieback_core::build::completed::{Ending, Incomplete};
use zwieback_core::build::plan::LockProblem;
use zwieback_core::name::Name;
use zwieback_core::purl::Purl;
use zwieback_core::twin::conditions::RunName;
use zwieback_host::deb::apt_state::AptStateError;
use zwieback_host::deb::resolve::ResolveError;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::project::ProjectError;
use zwieback_host::store::error::StoreError;

/// Why a story did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A lock is missing or stale.
    #[error(transparent)]
    Lock(#[from] LockProblem),
    /// Packages cannot be resolved.
    #[error(transparent)]
    AptState(#[from] AptStateError),
    /// Packages cannot be resolved.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Inputs cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A source that no chapter knows how to pin.
    #[error("source `{name}` is {purl}, which cannot be locked yet")]
    UnsupportedSource {
        /// The source.
        name: Name,
        /// Its package URL.
        purl: Purl,
    },
    /// The network is needed and forbidden.
    #[error("the network is off limits (--offline), and it takes one to {what}")]
    NeedsNetwork {
        /// What it is needed for.
        what: &'static str,
    },
    /// A file that was in the store a moment ago is not.
    #[error("{file} vanished from the store while it was needed")]
    Vanished {
        /// The file.
        file: String,
    },
    /// A step did not succeed.
    #[error("step `{step}` of run {run:?} {}", ending.describe())]
    StepFailed {
        /// Which run.
        run: RunName,
        /// The step.
        step: Name,
        /// How it ended.
        ending: Ending,
        /// The end of what it printed.
        tail: Vec<String>,
        /// The run's name, for its logs.
        id: String,
    },
    /// A run's outputs are not what was declared.
    #[error("run {run:?}: {source}")]
    Incomplete {
        /// Which run.
        run: RunName,
        /// What is missing.
        source: Incomplete,
    },
    /// A file of the user's cannot be read or written.
    #[error("{}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The user wants to stop.
    #[error("interrupted")]
    Interrupted,
}

impl PipelineError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Project(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::AptState(error) => error.hint(),
            Self::Resolve(error) => error.hint(),
            Self::Fetch(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Incomplete { source, .. } => source.hint(),
            Self::NeedsNetwork { .. } => Some("run it once without --offline".into()),
            Self::Vanished { .. } => Some("run `zwieback store verify`, then build again".into()),
            Self::StepFailed { id, .. } => Some(format!("the whole log: zwieback logs {id}")),
            Self::UnsupportedSource { .. } | Self::Io { .. } | Self::Interrupted => None,
        }
    }
}
