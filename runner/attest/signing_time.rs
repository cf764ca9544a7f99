//! When something was signed, as far as that is known.

use zwieback_model::timestamp::Timestamp;

/// When something was signed, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningTime {
    /// What the verifier's clock shows.
    pub now: Timestamp,
    /// What a trusted time stamp says; what a builder claims is no proof.
    pub stamped: Option<Timestamp>,
}

impl SigningTime {
    /// The time in a sentence.
    pub fn describe(self) -> String {
        match self.stamped {
            Some(time) => format!("at {time} by trusted time"),
            None => format!("at an unproven time before {}", self.now),
        }
    }
}
