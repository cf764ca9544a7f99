//! Looks at a sandbox from outside now and then.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;

use super::effort::processor_time;
use super::places::PlaceMeter;
use super::processes::Tables;
use super::sockets;
use crate::cgroup::group::Groups;
use crate::step::Limit;

/// The time between two looks. A step that takes memory as fast as a machine can give it gets
/// a few hundred megabytes too much before it is seen.
const SHORTEST_PAUSE: Duration = Duration::from_millis(40);

/// Looking takes at most one part in this many of one processor, unless that would take longer
/// than this from one look to the next: every limit is to end a step within two seconds.
const SHARE: u32 = 40;
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// Knows whether a limit has been reached.
#[derive(Debug)]
pub(crate) struct Watcher {
    limits: Limits,
    groups: Groups,
    tables: Tables,
    places: Vec<PlaceMeter>,
    next: Instant,
    peak: u64,
}

impl Watcher {
    /// Watches through the sandbox's own process table and its places.
    pub(crate) fn new(
        spec: &SandboxSpec,
        groups: Groups,
        tables: Tables,
        places: Vec<OwnedFd>,
    ) -> Self {
        Self {
            limits: spec.limits.clone(),
            groups,
            tables,
            places: PlaceMeter::all(spec, places),
            next: Instant::now() + SHORTEST_PAUSE,
            peak: 0,
        }
    }

    /// How long there is nothing to look at.
    pub(crate) fn pause(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// The limit that has been reached, if it is time to look.
    pub(crate) fn look(&mut self) -> Option<Limit> {
        if Instant::now() < self.next {
            return None;
        }
        // Not the time that passes: on a busy machine most of that is spent waiting for a turn.
        let before = processor_time();
        let limit = self.look_now();
        let took = processor_time().saturating_sub(before);
        self.next = Instant::now() + (took * SHARE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        limit
    }

    /// The limit that has been reached.
    pub(crate) fn look_now(&mut self) -> Option<Limit> {
        self.groups.reached().or_else(|| self.add_up()).or_else(|| {
            let tables = &self.tables;
            self.places
                .iter_mut()
                .any(|place| place.is_full(tables))
                .then_some(Limit::Disk)
        })
    }

    /// Looks no more. Tells the most memory in use at one time, as far as anybody measured it; the
    /// groups are to be kept until nobody is in them.
    pub(crate) fn conclude(self) -> (Groups, Option<u64>) {
        let seen = Some(self.peak).filter(|peak| *peak > 0);
        let peak = self.groups.peak_memory().or(seen);
        (self.groups, peak)
    }

    fn add_up(&mut self) -> Option<Limit> {
        if self.groups.limit_memory() && self.groups.count_processes() {
            return None;
        }
        let mut tally = self.tables.tally();
        for place in &self.places {
            // As in a control group. A file that is mapped is counted twice.
            tally.memory = tally.memory.saturating_add(place.memory());
        }
        self.peak = self.peak.max(tally.memory);
        if !self.groups.limit_memory() {
            let used = tally.memory.saturating_add(sockets::most(&self.tables));
            if used > self.limits.memory {
                return Some(Limit::Memory);
            }
        }
        // Pid 1 is among them.
        (tally.threads > self.limits.processes).then_some(Limit::Processes)
    }
}
