//! A cause of a difference, and how sure it is.

use std::ops::Range;

use zwieback_model::variation::factor::Factor;

use crate::cause::Cause;
use crate::certainty::Certainty;

/// A cause of a difference, and how sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why.
    pub cause: Cause,
    /// How sure.
    pub certainty: Certainty,
    /// The factors it points to, the likeliest first.
    pub factors: Vec<Factor>,
}

/// A verdict on one place of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Where it stands in run A.
    pub a: Range<usize>,
    /// Where it stands in run B.
    pub b: Range<usize>,
}

impl Verdict {
    /// A verdict.
    pub fn new(cause: Cause, certainty: Certainty, factors: Vec<Factor>) -> Self {
        Self {
            cause,
            certainty,
            factors,
        }
    }
}

/// A verdict that says no more than that the contents differ.
pub fn unknown(cause: Cause) -> Verdict {
    Verdict::new(cause, Certainty::Unknown, Vec::new())
}
