//! The wall clock of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use zwieback_model::timestamp::Timestamp;

/// When this machine booted, in seconds since 1970 by its own clock; `/proc/uptime` counts from there.
pub fn booted() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: i64 = text.split('.').next()?.parse().ok()?;
    Some(now().as_unix() - seconds)
}

/// Nanoseconds since 1970 now, to be held against the times of files.
pub fn nanoseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(i64::MAX)
}

/// The present moment.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix(seconds).expect("this machine's clock stands before the year 10000")
}
