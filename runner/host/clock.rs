//! The wall clock of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use zwieback_core::timestamp::Timestamp;

/// The present moment.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix(seconds).expect("this machine's clock stands before the year 10000")
}
