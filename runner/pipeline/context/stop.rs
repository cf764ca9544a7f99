//! The wish to stop, and all that has to hear of it.
//!
//! It comes in two forms on purpose: a sandbox sleeps in `poll(2)` and is woken by a descriptor;
//! a fetch looks at a flag, which costs none and cannot fail. No thread stands between a signal and
//! either of them.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use zwieback_host::fetch::canceller::Canceller as FetchCanceller;
use zwieback_host::stop::stop_at;
use zwieback_sandbox::canceller::{Alarm, Canceller};

/// The user's wish to stop. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    fetching: FetchCanceller,
    alarm: Option<Alarm>,
}

impl Stop {
    /// A wish that is expressed by both: the flag is raised, and there is something to read from `alarm`.
    /// Whatever works long hears of it.
    pub fn heard(alarm: OwnedFd) -> Self {
        let stop = Self {
            fetching: FetchCanceller::default(),
            alarm: Some(Alarm::from(alarm)),
        };
        stop_at(stop.flag());
        stop
    }

    /// What a signal handler may raise.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.fetching.flag()
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
    pub fn switch(&self) -> io::Result<Canceller> {
        match &self.alarm {
            Some(alarm) => Canceller::with_alarm(alarm.clone()),
            None => Canceller::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn every_pair_hears_of_it_and_can_be_ended_by_itself() {
        let (ringing, mut ring) = io::pipe().unwrap();
        let stop = Stop::heard(ringing.into());
        let (one, other) = (stop.switch().unwrap(), stop.switch().unwrap());
        one.cancel();
        assert!(one.is_cancelled() && !other.is_cancelled());
        ring.write_all(b"!").unwrap();
        assert!(other.is_cancelled());
        assert!(stop.switch().unwrap().is_cancelled());
    }
}
