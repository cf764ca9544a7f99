//! Following the log: what was appended since is read, checked, folded and kept.

use std::num::NonZero;
use std::thread;

use zwieback_attest::known_keys::KnownKeys;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::dir::Snapshot;
use super::tree::Damaged;
use crate::log::believed::BelievedLog;
use crate::log::error::LogError;
use crate::log::record::{ProvenRecord, StoredRecord};
use crate::state::folded::State;
use crate::state::key::Key;
use crate::statement::said::{Check, Reading};

/// Entries in memory at a time, and the bytes of their bundles: what bounds the memory of a first reading.
const CHUNK: (usize, usize) = (8192, 64 << 20);
/// The same where records are proven and nothing of them is kept.
const PROOFS: (usize, usize) = (1024, 8 << 20);

/// What a question is about: only what was said about that is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The artifact.
    pub artifact: Digest,
    /// What it is called, if the log has no name for it.
    pub name: &'a str,
    /// What the clock shows.
    pub now: Timestamp,
}

/// Why a snapshot is of no use.
enum Failed {
    Damaged,
    Log(LogError),
}

impl Snapshot {
    /// The state of the log at that head, as far as a question needs it.
    pub fn state(&mut self, log: &BelievedLog, wish: &Query<'_>) -> Result<State, LogError> {
        match self.try_state(log, wish) {
            Ok(state) => Ok(state),
            Err(Failed::Log(error)) => Err(error),
            // Pages that are not what their digests say prove nothing about the log: read that.
            Err(Failed::Damaged) => {
                self.reset()?;
                self.try_state(log, wish).map_err(|failed| match failed {
                    Failed::Log(error) => error,
                    Failed::Damaged => LogError::Snapshot,
                })
            }
        }
    }

    fn try_state(&mut self, log: &BelievedLog, wish: &Query<'_>) -> Result<State, Failed> {
        self.follow(log, wish.now)?;
        self.about(wish)
    }

    /// Folds what the log has and the snapshot has not.
    fn follow(&mut self, log: &BelievedLog, now: Timestamp) -> Result<(), Failed> {
        let known = self.head.tree.head();
        log.extends(known)?;
        let renewed = self.prove_touched(log, known.size)?;
        if known == log.head() {
            if renewed {
                self.publish(&self.head.clone())?;
            }
            return Ok(());
        }
        let mut entries = log.entries_after(self.head.tree.clone());
        // The newest head without an entry that is forged or from a time ahead: the next reader must
        // find such a one again.
        let mut sound = (self.head.clone(), true);
        loop {
            let chunk = prove(chunk(&mut entries, CHUNK)?, |record| {
                (record.leaf(), record.read(Check::Signature))
            })?;
            if chunk.is_empty() {
                break;
            }
            let unsettled = self.fold(chunk, now)?;
            if unsettled == 0 && sound.1 {
                sound.0 = self.head.clone();
            } else {
                sound.1 = false;
            }
        }
        self.publish(&sound.0)?;
        if sound.1 {
            self.compact()??;
        }
        Ok(())
    }

    /// Proves the records again whose files do not look as they did: an answer that does not read them
    /// rests on their absence as well. Whether there is anything new to remember about the files.
    fn prove_touched(&mut self, log: &BelievedLog, size: u64) -> Result<bool, LogError> {
        let blocks = log.stamps()?;
        let touched = self.head.blocks.touched(&blocks, size);
        let mut records = touched.into_iter().flat_map(|block| log.block(block));
        while !prove(chunk(&mut records, PROOFS)?, drop)?.is_empty() {}
        let renewed = self.head.blocks != blocks;
        self.head.blocks = blocks;
        Ok(renewed)
    }

    fn fold(&mut self, chunk: Vec<(Digest, Reading)>, now: Timestamp) -> Result<u64, Failed> {
        let mut state = self.partial(now)?;
        for (leaf, reading) in chunk {
            self.head.tree.push(leaf);
            if let Reading::Said(signed) = &reading {
                self.recall(&mut state, Key::of(signed))?;
                let further = Key::further(&state, signed);
                self.recall(&mut state, further)?;
            }
            drop(state.fold(leaf, reading));
        }
        let touched = state.take_touched().into_iter();
        let changes = touched.map(|key| (key.digest(), state.part(&key)));
        self.change(changes.collect())??;
        self.head.base = state.base();
        Ok(state.unsettled())
    }

    /// The parts without which a decision about an artifact cannot be made.
    fn about(&self, wish: &Query<'_>) -> Result<State, Failed> {
        let mut state = self.partial(wish.now)?;
        self.recall(&mut state, [Key::Thing(wish.artifact)])?;
        let record = state.artifact(wish.artifact).cloned();
        let name = record
            .as_ref()
            .map_or(wish.name, |record| record.name.as_str());
        let builds = || record.iter().flat_map(|record| &record.builds);
        let names = builds().map(|build| build.what.name.as_str());
        let names: Vec<&str> = names.chain([name]).collect();
        self.recall(
            &mut state,
            names.iter().map(|name| Key::Called((*name).to_owned())),
        )?;
        // Who changed the sources may not approve: silence about a source must be the log's.
        let inputs = builds().flat_map(|build| build.what.inputs.keys().copied());
        self.recall_made(&mut state, inputs.collect())?;
        let environments: Vec<Name> = state.environments().cloned().collect();
        for environment in environments {
            let around = Key::around(&state, &environment, wish.artifact);
            self.recall(&mut state, around)?;
        }
        let waiting = names.iter().flat_map(|name| state.waiting(name, wish.now));
        let waiting: Vec<Key> = waiting.map(Key::Thing).collect();
        self.recall(&mut state, waiting)?;
        Ok(state)
    }

    /// What was said about those inputs, and about all that went into them where recipes made them.
    fn recall_made(&self, state: &mut State, inputs: Vec<Digest>) -> Result<(), Failed> {
        let mut open = inputs;
        while let Some(input) = open.pop() {
            if state.knows(&Key::Thing(input)) {
                continue;
            }
            self.recall(state, [Key::Thing(input)])?;
            let builds = state.made(input).iter();
            open.extend(builds.flat_map(|made| made.what.build.needs.keys().copied()));
        }
        Ok(())
    }

    fn partial(&self, now: Timestamp) -> Result<State, Failed> {
        let state = State::partial(self.anchor.clone(), self.head.base.clone(), now);
        Ok(state.map_err(LogError::from)?)
    }

    fn recall(&self, state: &mut State, keys: impl IntoIterator<Item = Key>) -> Result<(), Failed> {
        for key in keys {
            if !state.knows(&key) {
                let part = self.part(&key)?;
                let taken = state.recall(&key, part.as_deref());
                taken.map_err(|_| Failed::Damaged)?;
            }
        }
        Ok(())
    }
}

/// The next records, as many as are held in memory.
fn chunk(
    records: &mut impl Iterator<Item = Result<StoredRecord, LogError>>,
    (most, bytes): (usize, usize),
) -> Result<Vec<StoredRecord>, LogError> {
    let (mut chunk, mut held) = (Vec::new(), 0);
    while chunk.len() < most && held < bytes {
        let Some(record) = records.next() else { break };
        let record = record?;
        held += record.length();
        chunk.push(record);
    }
    Ok(chunk)
}

/// Records that are not worth a thread.
const FEW: usize = 64;

/// Proves records and reads them in their order, on all processors: signatures are most of the work.
fn prove<T: Send>(
    chunk: Vec<StoredRecord>,
    read: impl Fn(ProvenRecord) -> T + Sync,
) -> Result<Vec<T>, LogError> {
    let read_all = |share: Vec<StoredRecord>| -> Vec<Result<T, LogError>> {
        let mut keys = KnownKeys::default();
        let share = share.into_iter();
        share
            .map(|stored| stored.prove(&mut keys).map(&read))
            .collect()
    };
    // So few are proven before another thread has begun.
    if chunk.len() <= FEW {
        return read_all(chunk).into_iter().collect();
    }
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let share = chunk.len().div_ceil(workers).max(FEW);
    let (mut shares, mut rest) = (Vec::new(), chunk);
    while !rest.is_empty() {
        let later = rest.split_off(share.min(rest.len()));
        shares.push(std::mem::replace(&mut rest, later));
    }
    thread::scope(|scope| {
        let each = shares.into_iter();
        let each = each.map(|share| scope.spawn(|| read_all(share)));
        let threads: Vec<_> = each.collect();
        let readings = threads.into_iter();
        let joined =
            readings.flat_map(|reading| reading.join().expect("reading a record does not panic"));
        joined.collect()
    })
}

impl From<LogError> for Failed {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<Damaged> for Failed {
    fn from(Damaged: Damaged) -> Self {
        Self::Damaged
    }
}
