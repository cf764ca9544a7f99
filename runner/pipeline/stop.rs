//! The wish to stop, and all that has to hear of it.
//!
//! Two kinds of switch stand behind it on purpose: a sandbox sleeps in `poll(2)` and is woken by a
//! descriptor, of which there are few; a fetch looks at a flag, which costs none and cannot fail.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zwieback_host::fetch::canceller::Canceller as FetchCanceller;
use zwieback_sandbox::canceller::Canceller;

/// The user's wish to stop. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    fetching: FetchCanceller,
    pairs: Arc<Mutex<Pairs>>,
}

#[derive(Debug, Default)]
struct Pairs {
    next: u64,
    switches: BTreeMap<u64, Canceller>,
}

/// The switch of one pair of runs, heard of by the wish to stop until it is dropped.
#[derive(Debug)]
pub struct Pair {
    stop: Stop,
    number: u64,
    switch: Canceller,
}

impl Stop {
    /// Ends whatever is under way, and whatever would begin.
    pub fn stop(&self) {
        self.fetching.cancel();
        for switch in self.pairs().switches.values() {
            switch.cancel();
        }
    }

    /// Whether the user wants to stop.
    pub fn is_wanted(&self) -> bool {
        self.fetching.is_cancelled()
    }

    /// What ends a fetch.
    pub fn fetching(&self) -> &FetchCanceller {
        &self.fetching
    }

    /// A switch for a pair of runs, which can also be thrown for that pair alone.
    pub fn pair(&self) -> io::Result<Pair> {
        let switch = Canceller::new()?;
        let mut pairs = self.pairs();
        let number = pairs.next;
        pairs.next += 1;
        pairs.switches.insert(number, switch.clone());
        drop(pairs);
        if self.is_wanted() {
            switch.cancel();
        }
        Ok(Pair {
            stop: self.clone(),
            number,
            switch,
        })
    }

    fn pairs(&self) -> MutexGuard<'_, Pairs> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pair {
    /// The switch.
    pub fn switch(&self) -> &Canceller {
        &self.switch
    }
}

impl Drop for Pair {
    /// A switch is a descriptor, and hundreds of recipes may be built in one invocation.
    fn drop(&mut self) {
        self.stop.pairs().switches.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_hears_of_it_and_none_outlives_its_runs() {
        let stop = Stop::default();
        let (one, other) = (stop.pair().unwrap(), stop.pair().unwrap());
        one.switch().cancel();
        assert!(!other.switch().is_cancelled());
        drop(one);
        assert_eq!(stop.pairs().switches.len(), 1);
        stop.stop();
        assert!(other.switch().is_cancelled());
        assert!(stop.pair().unwrap().switch().is_cancelled());
    }
}
