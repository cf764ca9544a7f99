//! What looking costs.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Processor time of this thread.
pub(super) fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    used.map_or(Duration::ZERO, Duration::from)
}
