//! How sure an explanation is.

use serde::{Deserialize, Serialize};

/// How sure a cause is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The token matches what is known of both runs.
    Known,
    /// Both sides hold the same parts.
    OrderOnly,
    /// Both sides are equal once this normaliser has been applied to both.
    Normaliser(String),
    /// It looks like it.
    Guess,
    /// Nothing is known.
    Unknown,
}
