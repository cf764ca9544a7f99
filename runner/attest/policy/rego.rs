//! Rego modules of a policy, and what is asked of whoever evaluates them.

use std::fmt;

use serde::{Deserialize, Serialize};
use zwieback_model::name::Name;

/// A module longer than this was not written by hand.
const LONGEST: usize = 64 << 10;
/// What all messages of a module may have together: they are for a person to read.
pub(super) const LONGEST_ANSWER: usize = 64 << 10;
/// The most modules of a policy, of all its environments together: each may take seconds.
pub(super) const MOST_MODULES: usize = 16;

/// The text of a module. Whether it is one is known when it is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct RegoModule(String);

/// Evaluates modules.
pub trait Rego: fmt::Debug + Sync {
    /// The messages for which a module denies; none means that it has nothing against `input`, a
    /// document in JSON. A module that is evaluated over nothing is only looked at.
    fn denials(&self, module: &RegoModule, input: Option<&str>) -> Result<Vec<String>, RegoError>;
}

/// A module that cannot be used, or that came to no answer. Either way it denies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum RegoError {
    /// It is too long.
    #[error("the module is longer than {LONGEST} bytes")]
    TooLong,
    /// Its text is no module that defines the rule.
    #[error("no Rego module that defines `data.zwieback.deny`: {0}")]
    Module(String),
    /// It reads what no document has, or says what nobody looks at.
    #[error("{0}")]
    Reads(String),
    /// A rule failed.
    #[error("the rule failed: {0}")]
    Failed(String),
    /// The answer is no set of messages.
    #[error("`data.zwieback.deny` is no set of texts")]
    Answer,
    /// The answer is longer than anybody reads.
    #[error("`data.zwieback.deny` says more than {LONGEST_ANSWER} bytes")]
    LongAnswer,
    /// The engine ended before it had an answer.
    #[error("the engine {0}")]
    Ended(String),
}

/// A module of a policy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the module `rego.{name}`: {source}")]
pub struct UnusableModule {
    /// What the policy calls it.
    pub name: Name,
    /// Why.
    pub source: RegoError,
}

impl RegoModule {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RegoModule {
    type Error = RegoError;

    fn try_from(text: String) -> Result<Self, RegoError> {
        if text.len() > LONGEST {
            return Err(RegoError::TooLong);
        }
        Ok(Self(text))
    }
}
