//! What the supervisor really changed of the world that steps see: data for the provenance.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether something that was to be changed was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", deny_unknown_fields)]
pub enum Effect {
    /// For every program of every step.
    Effective,
    /// For some program it was not, or for none.
    Ineffective {
        /// Why: a lower-case fragment.
        reason: String,
    },
}

/// The true state of what a supervisor changes; nothing is said of what was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Supervision {
    /// The wall clock that steps read and wait by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_clock: Option<Effect>,
    /// The times of files that were made in the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_times: Option<Effect>,
    /// How much memory there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Effect>,
    /// What the CPU says it can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Effect>,
    /// Random bytes that are the same in every run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<Effect>,
}

impl Effect {
    /// The state of what did not come to be, and why.
    pub fn ineffective(reason: impl Into<String>) -> Self {
        Self::Ineffective {
            reason: reason.into(),
        }
    }

    /// Whether it was changed for every program.
    pub fn is_effective(&self) -> bool {
        *self == Self::Effective
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effective => f.write_str("effective"),
            Self::Ineffective { reason } => write!(f, "ineffective: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_is_not_written() {
        let silent = serde_json::to_string(&Supervision::default()).unwrap();
        assert_eq!(silent, "{}");
        let supervision = Supervision {
            wall_clock: Some(Effect::ineffective("no ptrace here")),
            ..Supervision::default()
        };
        let json = serde_json::to_string(&supervision).unwrap();
        assert_eq!(
            json,
            r#"{"wall-clock":{"state":"ineffective","reason":"no ptrace here"}}"#
        );
        assert_eq!(
            serde_json::from_str::<Supervision>(&json).unwrap(),
            supervision
        );
    }
}
