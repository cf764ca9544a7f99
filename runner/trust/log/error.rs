//! Why a log cannot be read or written.

use std::path::PathBuf;

use zwieback_host::keys::error::SignError;
use zwieback_sandbox::call::CallError;

use crate::reason::{Reason, Refusal};

/// Why a log cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A system call failed.
    #[error(transparent)]
    Fault(#[from] CallError),
    /// What was read is not to be believed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The checkpoint could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The folder has a log already, and a log is never overwritten.
    #[error("there is a log at {} already", .0.display())]
    Exists(PathBuf),
    /// The key is not the one of this log.
    #[error("the key is not the one of the log {log}")]
    OtherKey {
        /// The log's name.
        log: String,
    },
    /// What was just written cannot be read again: the disk is at fault, not the log.
    #[error("the snapshot of the log cannot be read back")]
    Snapshot,
    /// No entry has this number.
    #[error("the log has {size} entries, there is no entry {index}")]
    NoEntry {
        /// The entry.
        index: u64,
        /// The log's size.
        size: u64,
    },
}

impl LogError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let Self::Refused(refusal) = self else {
            return match self {
                Self::Sign(error) => error.hint(),
                _ => None,
            };
        };
        let is = |reason: Reason| refusal.reason == reason.into();
        if is(Reason::LogMissing) {
            Some("`zwieback log init` makes one".into())
        } else if is(Reason::LogEdited) {
            Some(
                "keep the folder as it is: it is evidence; put a copy in its place that `zwieback log \
                 verify` finds whole, such as a witness's, or that file of it"
                    .into(),
            )
        } else if is(Reason::LogForked) || is(Reason::LogRolledBack) {
            Some(
                "keep the folder as it is: it is evidence; compare it with a witness's copy; if it is a \
                 backup that was put back on purpose, the policy's keepers say so: `zwieback log restore`"
                    .into(),
            )
        } else if is(Reason::LogStale) || is(Reason::WitnessQuorum) {
            Some("ask the witnesses for cosignatures: `zwieback log witness`".into())
        } else {
            None
        }
    }
}
