//! The pace of two runs: no step of B begins sooner than its stagger after the same step of A.
//!
//! Times of created files come from the kernel's clock, which nothing can shift. Only if the runs
//! write them at different times can a build that keeps them be told from one that does not.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a waiting run looks whether the user wants to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// When each step of run A began.
#[derive(Debug, Default)]
pub struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    began: Vec<Instant>,
    over: bool,
}

impl Pace {
    /// Run A begins its next step.
    pub fn begins(&self) {
        self.state().began.push(Instant::now());
        self.changed.notify_all();
    }

    /// Run A begins no further step.
    pub fn is_over(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    /// Waits until run B may begin a step, and says how long that took.
    pub fn wait(&self, step: usize, stagger: Duration, is_stopped: impl Fn() -> bool) -> Duration {
        let arrived = Instant::now();
        let mut state = self.state();
        while !is_stopped() {
            let patience = match state.began.get(step) {
                Some(began) => (*began + stagger).saturating_duration_since(Instant::now()),
                None if state.over => Duration::ZERO,
                None => GLANCE,
            };
            if patience.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, patience.min(GLANCE));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        arrived.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_follows_a_by_the_stagger() {
        let pace = Pace::default();
        pace.begins();
        let waited = pace.wait(0, Duration::from_millis(30), || false);
        assert!(waited >= Duration::from_millis(25), "{waited:?}");
    }

    #[test]
    fn nobody_waits_for_a_run_that_is_over_or_stopped() {
        let pace = Pace::default();
        pace.wait(0, Duration::from_mins(1), || true);
        pace.is_over();
        pace.wait(0, Duration::from_mins(1), || false);
    }
}
