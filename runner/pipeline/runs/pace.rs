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
    /// What run A took from its turn to its first step.
    preparing: Duration,
    over: bool,
}

impl Pace {
    /// Run A begins its next step, after it took so long to prepare.
    pub fn begins(&self, preparing: Duration) {
        let mut state = self.state();
        if state.began.is_empty() {
            state.preparing = preparing;
        }
        state.began.push(Instant::now());
        drop(state);
        self.changed.notify_all();
    }

    /// Run A begins no further step.
    pub fn is_over(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }

    /// As if run A began its last step now: what comes after the stagger is later than all it wrote.
    pub fn ended() -> Self {
        let pace = Self::default();
        pace.begins(Duration::ZERO);
        pace.is_over();
        pace
    }

    /// Waits until run B may prepare: as much before its first step as run A took to.
    pub fn wait_to_prepare(&self, stagger: Duration, is_stopped: impl Fn() -> bool) {
        self.wait_for(0, is_stopped, |state| {
            stagger.saturating_sub(state.preparing)
        });
    }

    /// Whether run B may begin a step now.
    pub fn is_due(&self, step: usize, stagger: Duration) -> bool {
        left(&self.state(), step, stagger).is_zero()
    }

    /// Waits until run B may begin a step.
    pub fn wait(&self, step: usize, stagger: Duration, is_stopped: impl Fn() -> bool) {
        self.wait_for(step, is_stopped, |_| stagger);
    }

    fn wait_for(
        &self,
        step: usize,
        is_stopped: impl Fn() -> bool,
        stagger: impl Fn(&State) -> Duration,
    ) {
        let mut state = self.state();
        while !is_stopped() {
            let patience = left(&state, step, stagger(&state));
            if patience.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, patience.min(GLANCE));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long it is until B may begin a step, as far as that is known.
fn left(state: &State, step: usize, stagger: Duration) -> Duration {
    match state.began.get(step) {
        Some(began) => (*began + stagger).saturating_duration_since(Instant::now()),
        None if state.over => Duration::ZERO,
        None => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_follows_a_by_the_stagger() {
        let (pace, begun) = (Pace::default(), Instant::now());
        pace.begins(Duration::ZERO);
        pace.wait(0, Duration::from_millis(30), || false);
        assert!(begun.elapsed() >= Duration::from_millis(30));
        assert!(pace.is_due(0, Duration::from_millis(30)));
    }

    #[test]
    fn b_prepares_while_the_stagger_is_not_over() {
        let (pace, stagger) = (Pace::default(), Duration::from_hours(1));
        pace.begins(stagger);
        pace.wait_to_prepare(stagger, || false);
        assert!(!pace.is_due(0, stagger));
    }

    #[test]
    fn nobody_waits_for_a_run_that_is_over_or_stopped() {
        let pace = Pace::default();
        pace.wait(0, Duration::from_mins(1), || true);
        pace.is_over();
        pace.wait(0, Duration::from_mins(1), || false);
    }
}
