//! A cause of a difference, and how sure it is.

use std::ops::Range;

use zwieback_model::variation::factor::Factor;

use crate::cause::Cause;
use crate::certainty::Certainty;

/// A cause of a difference, and how sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// Why.
    pub cause: Cause,
    /// How sure.
    pub certainty: Certainty,
    /// The factors it points to, the likeliest first.
    pub factors: Vec<Factor>,
}

/// The attribution of one range of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The attribution.
    pub attribution: Attribution,
    /// Where it stands in run A.
    pub a: Range<usize>,
    /// Where it stands in run B.
    pub b: Range<usize>,
}

impl Attribution {
    /// An attribution.
    pub fn new(cause: Cause, certainty: Certainty, factors: Vec<Factor>) -> Self {
        Self {
            cause,
            certainty,
            factors,
        }
    }
}

/// An attribution that says no more than that the contents differ.
pub fn unknown(cause: Cause) -> Attribution {
    Attribution::new(cause, Certainty::Unknown, Vec::new())
}
