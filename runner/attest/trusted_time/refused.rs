//! How a time stamp is refused of which nothing more can be said than what was seen.

use crate::reason::{Reason, Refusal};

/// The token leads to nobody who is trusted.
pub(super) fn unknown(saw: impl std::fmt::Display) -> Refusal {
    Refusal::new(Reason::TimestampAuthorityUnknown, saw)
}

/// The token is not what the standards say.
pub(super) fn malformed(saw: impl std::fmt::Display) -> Refusal {
    Refusal::new(Reason::TimestampMalformed, saw)
}
