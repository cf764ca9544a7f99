//! A log together with what its reader knows of it: from this comes the state.

use zwieback_core::digest::Digest;
use zwieback_core::timestamp::Timestamp;

use crate::gate::question::Needed;
use crate::log::error::LogError;
use crate::log::monitor::Memory;
use crate::log::place::LogDir;
use crate::snapshot::follow::Wish;
use crate::snapshot::shelf::Shelf;
use crate::state::folded::{Anchor, State};
use crate::state::record::Line;
use crate::statement::said::Check;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::Tree;
use crate::tlog::view::Expectation;
use crate::tlog::witness_policy::WitnessPolicy;

/// A log, and on what terms it is believed.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The log's folder.
    pub log: LogDir,
    /// Which log, on whose word.
    pub witnesses: WitnessPolicy,
    /// What this reader has seen before: nothing of it may go.
    pub seen: Memory,
    /// What this reader has verified before. The file must be this reader's alone, and is written
    /// here only: signatures of entries that it covers are not checked again.
    pub verified: Memory,
    /// How old the witnesses' word may be, in seconds.
    pub max_age: Option<i64>,
    /// Where this reader keeps its snapshot of the state, so that a decision reads only what is new.
    pub shelf: Shelf,
    /// The log's name and its first policy.
    pub anchor: Anchor,
}

impl Ledger {
    /// The state of the log now, every signature checked; the log is remembered.
    pub fn load(&self, now: Timestamp) -> Result<State, LogError> {
        self.fold((now, now), u64::MAX, |_| ())
    }

    /// The state as far as a question about one artifact needs it, by way of the snapshot: what was
    /// folded before is not read again, only what the log has more.
    pub fn load_about(&self, wish: &Wish<'_>) -> Result<State, LogError> {
        let seen = self.seen.seen(&self.witnesses)?;
        let expected = Expectation {
            policy: &self.witnesses,
            seen,
            max_age: self.max_age,
            now: wish.now,
        };
        let note = self.log.note()?;
        let head = expected.open(&note)?.head;
        if let Some(seen) = seen {
            let path = Tree::new(&self.log, head.size).consistency(seen.size)?;
            head.extends(&seen, &path)?;
        }
        let mut snapshot = self.shelf.open(self.log.key(), &self.anchor)?;
        let state = snapshot.state(&self.log, head, wish)?;
        if seen != Some(head) {
            self.seen.keep(&note)?;
        }
        Ok(state)
    }

    /// The state as it was at that time, when the log had so many entries.
    pub fn load_until(
        &self,
        size: u64,
        then: Timestamp,
        now: Timestamp,
    ) -> Result<State, LogError> {
        self.fold((then, now), size, |_| ())
    }

    /// What became of each entry.
    pub fn lines(&self, now: Timestamp) -> Result<Vec<Line>, LogError> {
        let mut lines = Vec::new();
        self.fold((now, now), u64::MAX, |line| lines.push(line))?;
        Ok(lines)
    }

    /// The bundles of an artifact's provenance, as the state knows them.
    pub fn provenance(&self, state: &State, artifact: Digest) -> Result<Vec<Vec<u8>>, LogError> {
        let builds = state.artifact(artifact).map_or(&[][..], |it| &it.builds);
        let head = self.log.checkpoint()?.head;
        let bundle = |index| Ok(self.log.proven(index, head)?.bundle);
        builds.iter().map(|it| bundle(it.index)).collect()
    }

    /// The bundles of all that an artifact was built from, at any depth, where recipes made it.
    pub fn needed(&self, state: &State, artifact: Digest) -> Result<Needed, LogError> {
        let record = state.artifact(artifact);
        let builds = record.into_iter().flat_map(|it| &it.builds);
        let needs = builds.flat_map(|it| it.what.needs.keys().copied());
        let mut open: Vec<Digest> = needs.collect();
        let mut needed = Needed::new();
        if open.is_empty() {
            return Ok(needed);
        }
        let head = self.log.checkpoint()?.head;
        while let Some(tree) = open.pop() {
            if needed.contains_key(&tree) {
                continue;
            }
            let mut bundles = Vec::new();
            for made in state.made(tree) {
                bundles.push(self.log.proven(made.index, head)?.bundle);
                open.extend(made.what.build.needs.keys().copied());
            }
            needed.insert(tree, bundles);
        }
        Ok(needed)
    }

    fn fold(
        &self,
        (then, now): (Timestamp, Timestamp),
        until: u64,
        mut each: impl FnMut(Line),
    ) -> Result<State, LogError> {
        let seen = self.seen.seen(&self.witnesses)?;
        let verified = self.verified(seen)?;
        let expected = Expectation {
            policy: &self.witnesses,
            seen,
            max_age: self.max_age,
            now,
        };
        let note = self.log.note()?;
        let (checkpoint, entries) = self.log.entries(&expected)?;
        let mut state = State::new(self.anchor.clone(), then);
        // Even the past is only believed as part of the whole: reading goes on to the end.
        for logged in entries {
            let logged = logged?;
            if logged.index < until {
                let check = if logged.index < verified {
                    Check::Digest
                } else {
                    Check::Signature
                };
                each(state.apply(&logged.body, &logged.bundle, check));
            }
        }
        // An append may have come between the two readings: only what was folded is remembered.
        let read = Checkpoint::of(&note)?.head;
        if until >= checkpoint.head.size && read == checkpoint.head {
            self.remember(&note, &state)?;
        }
        Ok(state)
    }

    /// Up to where signatures were checked, if that is a beginning of what was seen.
    fn verified(&self, seen: Option<TreeHead>) -> Result<u64, LogError> {
        let verified = self.verified.seen(&self.witnesses)?;
        // Both are written one after the other; anything but equal was interrupted, or tampered with.
        Ok(verified
            .filter(|it| Some(*it) == seen)
            .map_or(0, |it| it.size))
    }

    /// A signature that did not hold must be found again by whoever reads next.
    fn remember(&self, note: &Note, state: &State) -> Result<(), LogError> {
        self.seen.keep(note)?;
        match state.forged() {
            0 => self.verified.keep(note),
            _ => Ok(()),
        }
    }
}
