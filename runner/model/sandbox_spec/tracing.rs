//! Whether a step may trace processes.

use serde::{Deserialize, Serialize};

/// Whether steps may trace processes, which is refused unless it is needed. In a file, a boolean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "bool", into = "bool")]
pub enum Tracing {
    /// `ptrace` is no call that a step can make.
    #[default]
    Refused,
    /// A step may trace other processes of its run.
    Needed,
}

impl Tracing {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    pub(crate) fn is_refused(&self) -> bool {
        *self == Self::Refused
    }
}

impl From<bool> for Tracing {
    fn from(needed: bool) -> Self {
        if needed { Self::Needed } else { Self::Refused }
    }
}

impl From<Tracing> for bool {
    fn from(tracing: Tracing) -> Self {
        tracing == Tracing::Needed
    }
}
