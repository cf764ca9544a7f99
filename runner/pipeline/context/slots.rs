//! Room to run: one limit on runs and on memory for all recipes that are built at the same time.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a waiting run looks whether the user wants to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// So many runs always have room in memory: the two of one recipe, as if it were built alone.
const PAIR: usize = 2;

/// How much may run at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Runs that may be at work.
    pub runs: usize,
    /// Bytes that the limits of all runs may come to.
    pub memory: u64,
}

/// Who goes first. What is begun is ended before more is begun: it holds memory and disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A run whose counterpart has begun, or one that tests a cause.
    Follows,
    /// A run of a recipe of which nothing ran yet.
    Begins,
}

/// The room of one invocation.
#[derive(Debug)]
pub struct Slots {
    capacity: Capacity,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Runs at work, and the memory they may use.
    working: usize,
    memory: u64,
    queue: BTreeSet<(Rank, u64)>,
    tickets: u64,
}

/// The room of one run, until it is dropped.
#[derive(Debug)]
pub struct Slot<'a> {
    slots: &'a Slots,
    memory: u64,
}

impl Slots {
    /// All of it is free.
    pub fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// How much may run at one time.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Waits for room for a run that may use so much memory; none if it is stopped before.
    pub fn enter(
        &self,
        rank: Rank,
        memory: u64,
        is_stopped: impl Fn() -> bool,
    ) -> Option<Slot<'_>> {
        let mut state = self.turn(rank, memory, is_stopped)?;
        state.working += 1;
        state.memory += memory;
        Some(Slot {
            slots: self,
            memory,
        })
    }

    /// Waits in line. Only who is first may go: a large run is not overtaken for ever by small ones.
    fn turn(
        &self,
        rank: Rank,
        memory: u64,
        is_stopped: impl Fn() -> bool,
    ) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = (rank, state.tickets);
        state.queue.insert(ticket);
        loop {
            let is_first = state.queue.first() == Some(&ticket);
            let goes = is_first && self.has_room(&state, memory);
            if goes || is_stopped() {
                state.queue.remove(&ticket);
                // Whoever is first now may have room as well.
                self.changed.notify_all();
                return goes.then_some(state);
            }
            let waited = self.changed.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn has_room(&self, state: &State, memory: u64) -> bool {
        let fits =
            state.working < PAIR || state.memory.saturating_add(memory) <= self.capacity.memory;
        state.working < self.capacity.runs && fits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.slots.state();
        state.working -= 1;
        state.memory -= self.memory;
        drop(state);
        self.slots.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(runs: usize, memory: u64) -> Slots {
        Slots::new(Capacity { runs, memory })
    }

    fn at_once(slots: &Slots, rank: Rank, memory: u64) -> Option<Slot<'_>> {
        slots.enter(rank, memory, || true)
    }

    #[test]
    fn no_more_runs_than_allowed() {
        let slots = slots(1, 100);
        let one = at_once(&slots, Rank::Begins, 1);
        assert!(one.is_some());
        assert!(at_once(&slots, Rank::Begins, 1).is_none());
        drop(one);
        assert!(at_once(&slots, Rank::Begins, 1).is_some());
    }

    #[test]
    fn a_pair_always_fits_and_a_third_only_into_memory() {
        let slots = slots(9, 100);
        let pair = [0, 1].map(|_| at_once(&slots, Rank::Begins, 80));
        assert!(pair.iter().all(Option::is_some));
        assert!(at_once(&slots, Rank::Follows, 1).is_none());
        drop(pair);
        let three = [30, 30, 30].map(|memory| at_once(&slots, Rank::Begins, memory));
        assert!(three.iter().all(Option::is_some));
        assert!(at_once(&slots, Rank::Follows, 11).is_none());
    }

    #[test]
    fn the_second_run_of_a_recipe_goes_before_the_first_of_another() {
        let slots = slots(1, 100);
        let held = at_once(&slots, Rank::Begins, 1);
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (rank, length) in [(Rank::Begins, 1), (Rank::Follows, 2)] {
                let (slots, order) = (&slots, &order);
                scope.spawn(move || {
                    let slot = slots.enter(rank, 1, || false);
                    order.lock().unwrap().push(rank);
                    drop(slot);
                });
                while slots.state().queue.len() < length {
                    std::thread::yield_now();
                }
            }
            drop(held);
        });
        assert_eq!(order.into_inner().unwrap(), [Rank::Follows, Rank::Begins]);
    }
}
