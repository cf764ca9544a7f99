//! A log together with what its reader knows of it: from this comes the state.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use zwieback_attest::key_id::{KeyId, KeyName};
use zwieback_attest::known_keys::KnownKeys;
use zwieback_attest::public_key::PublicKey;
use zwieback_host::keys::signer::Signer;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use crate::gate::question::Needed;
use crate::log::append::{Appended, Submission};
use crate::log::believed::BelievedLog;
use crate::log::entries::Records;
use crate::log::error::LogError;
use crate::log::memory::Memory;
use crate::log::place::{LogDir, WriteLock};
use crate::log::put_back::PutBack;
use crate::policy::in_force::PolicyInForce;
use crate::reason::{Reason, Refusal};
use crate::snapshot::dir::SnapshotDir;
use crate::snapshot::follow::Query;
use crate::state::folded::{Anchor, State};
use crate::state::record::{Line, RestorationRecord};
use crate::statement::said::Check;
use crate::tlog::log_id::log_id;
use crate::tlog::proof::TreeHead;
use crate::tlog::view::Expectation;
use crate::tlog::witness_policy::WitnessPolicy;

/// A log, and on what terms it is believed.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The log's folder.
    pub log: LogDir,
    /// Which log, on whose word.
    pub witnesses: WitnessPolicy,
    /// What this reader has seen before, by whichever command: nothing of it may go.
    pub seen: Memory,
    /// What this reader has verified before. The file must be this reader's alone, and is written
    /// here only: signatures of entries that it covers are not checked again.
    pub verified: Memory,
    /// How old the witnesses' word may be, in seconds.
    pub max_age: Option<i64>,
    /// Where this reader keeps its snapshot of the state, so that a decision reads only what is new.
    pub snapshots: SnapshotDir,
    /// The log's name and its first policy.
    pub anchor: Anchor,
    /// The log that was believed last.
    pub last: LastBelieved,
}

/// The log that was believed last, for what else is read of it than a state.
#[derive(Clone, Debug, Default)]
pub struct LastBelieved(Arc<Mutex<Option<BelievedLog>>>);

impl Ledger {
    /// The log as it is now, held against everything that this reader remembers: the one way in.
    pub fn believe(&self, now: Timestamp) -> Result<BelievedLog, LogError> {
        let expected = self.expectation(now);
        let believed = match self.log.believe(&expected, &self.seen) {
            Err(LogError::Refused(refusal)) if is_lost(&refusal) => {
                self.restored(now)?.ok_or(LogError::Refused(refusal))
            }
            believed => believed,
        }?;
        self.last.set(&believed);
        Ok(believed)
    }

    /// The log that a state is of: the one that was believed for it, unless another was since.
    fn log_of(&self, state: &State, now: Timestamp) -> Result<BelievedLog, LogError> {
        let last = self.last.get();
        match last.filter(|log| log.head().size == state.size()) {
            Some(log) => Ok(log),
            None => self.believe(now),
        }
    }

    /// The log as it claims to be, whatever is remembered, and the state that it would stand for: to
    /// find what its keepers say about that.
    pub fn put_back(&self, now: Timestamp) -> Result<(PutBack<'_>, State), LogError> {
        let expected = self.expectation(now);
        let put_back = self.log.put_back(&expected, &self.seen)?;
        let mut state = State::new(self.anchor.clone(), now);
        let mut keys = KnownKeys::default();
        for stored in put_back.entries() {
            let record = stored?.prove(&mut keys)?;
            drop(state.fold(record.leaf(), record.read(Check::Signature)));
        }
        Ok((put_back, state))
    }

    /// The log, if enough keepers say in it that each tree that is remembered and lost was given up.
    fn restored(&self, now: Timestamp) -> Result<Option<BelievedLog>, LogError> {
        // The snapshot first, as everybody does who needs both: two who wait for each other would wait for ever.
        let mut snapshot = self.snapshots.open(self.log.key(), &self.anchor)?;
        let (put_back, state) = self.put_back(now)?;
        let newest = self.newest_policy()?;
        // Whoever was a keeper in the log as it was put back may have been replaced in what was lost.
        let by_newest = |restored: &RestorationRecord| {
            let newest = newest.as_ref();
            newest.is_none_or(|policy| state.is_restored_under(restored, policy))
        };
        let given_up = |lost: &TreeHead| {
            let mut all = state.restorations();
            all.any(|restored| {
                state.is_restored(restored)
                    && by_newest(restored)
                    && now < restored.expires
                    && restored.old.contains(lost)
                    && put_back.extends(restored.new)
            })
        };
        if !put_back.lost().iter().all(given_up) {
            return Ok(None);
        }
        // All of it rests on what was lost, and is made anew.
        if let Ok(policy) = state.policy() {
            self.seen.keep_policy(&to_bytes(policy))?;
        }
        self.verified.forget()?;
        snapshot.clear()?;
        put_back.accept().map(Some)
    }

    fn expectation(&self, now: Timestamp) -> Expectation<'_> {
        Expectation {
            policy: &self.witnesses,
            seen: None,
            max_age: self.max_age,
            now,
        }
    }

    /// The state of the log now, every signature checked; the log is remembered.
    pub fn load(&self, now: Timestamp) -> Result<State, LogError> {
        self.fold((now, now), u64::MAX, |_, _| ())
    }

    /// The state as far as a question about one artifact needs it, by way of the snapshot: what was
    /// folded before is not read again, only what the log has more.
    pub fn load_about(&self, wish: &Query<'_>) -> Result<State, LogError> {
        let mut log = self.believe(wish.now)?;
        let mut snapshot = self.snapshots.open(self.log.key(), &self.anchor)?;
        // Whoever had it until now took some time: what was said since counts, and is in the snapshot perhaps. It stays
        // held, and what a log that was put back would clear is this snapshot: of that, only what is there counts.
        if !log.is_newest()? {
            log = self.log.believe(&self.expectation(wish.now), &self.seen)?;
            self.last.set(&log);
        }
        let state = snapshot.state(&log, wish)?;
        self.remember_policy(&state, wish.now)?;
        Ok(state)
    }

    /// The newest policy that was ever in force for this reader.
    pub fn newest_policy(&self) -> Result<Option<PolicyInForce>, LogError> {
        let policy = self.seen.policy()?;
        policy.map(|bytes| read_policy(&bytes)).transpose()
    }

    /// The policy in force is remembered with the log: it says whose word it takes to give that up. For a clock
    /// that was set back the log has an older one; the newer one was seen, and keys may have been taken back by it.
    fn remember_policy(&self, state: &State, now: Timestamp) -> Result<(), LogError> {
        let Ok(policy) = state.policy() else {
            return Ok(());
        };
        let documents = to_bytes(policy);
        if self.seen.policy()?.is_some_and(|seen| seen == documents) {
            return Ok(());
        }
        let lock = self.seen.lock()?;
        let version = policy.release.version;
        match self.newest_policy()? {
            Some(newest) if newest.release.version > version => {
                drop(lock);
                // Another reader may have met it where the log has grown since: what it had before stays what it had.
                let log = self.log.believe(&self.expectation(now), &self.seen)?;
                if log.head().size > state.size() {
                    return Ok(());
                }
                let saw = format!("version {version} after {}", newest.release.version);
                Err(Refusal::new(Reason::PolicyVersion, saw).into())
            }
            _ => Ok(self.seen.keep_policy(&documents)?),
        }
    }

    /// The state as it was at that time, when the log had so many entries.
    pub fn load_until(
        &self,
        size: u64,
        then: Timestamp,
        now: Timestamp,
    ) -> Result<State, LogError> {
        self.fold((then, now), size, |_, _| ())
    }

    /// What became of each entry.
    pub fn lines(&self, now: Timestamp) -> Result<Vec<Line>, LogError> {
        let mut lines = Vec::new();
        self.fold((now, now), u64::MAX, |_, line| lines.push(line))?;
        Ok(lines)
    }

    /// The state of the log now, and the entries that count and that the key of this name signed.
    pub fn signed_by(
        &self,
        key: KeyName,
        now: Timestamp,
    ) -> Result<(State, BTreeSet<u64>), LogError> {
        let mut signed = BTreeSet::new();
        let state = self.fold((now, now), u64::MAX, |by, line| {
            if key.names(by) && line.outcome.is_ok() {
                signed.insert(line.index);
            }
        })?;
        Ok((state, signed))
    }

    /// The bundles of an artifact's provenance, as the state knows them.
    pub fn provenance(
        &self,
        state: &State,
        artifact: Digest,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, LogError> {
        let builds = state
            .artifact(artifact)
            .map_or(&[][..], |record| &record.builds);
        let log = self.log_of(state, now)?;
        let mut records = Records::of(&log);
        let bundle = |index| Ok(records.record(index)?.into_bytes());
        let builds = builds.iter().map(|build| build.index);
        builds.map(bundle).collect()
    }

    /// The bundles of all that an artifact was built from, at any depth, where recipes made it.
    pub fn needed(
        &self,
        state: &State,
        artifact: Digest,
        now: Timestamp,
    ) -> Result<Needed, LogError> {
        let record = state.artifact(artifact);
        let builds = record.into_iter().flat_map(|record| &record.builds);
        let needs = builds.flat_map(|build| build.what.needs.keys().copied());
        let mut open: Vec<Digest> = needs.collect();
        let mut needed = Needed::new();
        if open.is_empty() {
            return Ok(needed);
        }
        let log = self.log_of(state, now)?;
        let mut records = Records::of(&log);
        while let Some(tree) = open.pop() {
            if needed.contains_key(&tree) {
                continue;
            }
            let mut bundles = Vec::new();
            for made in state.made(tree) {
                bundles.push(records.record(made.index)?.into_bytes());
                open.extend(made.what.build.needs.keys().copied());
            }
            needed.insert(tree, bundles);
        }
        Ok(needed)
    }

    /// The id of the key that signs the log itself.
    pub fn log_key(&self) -> Option<KeyId> {
        let key = PublicKey::from_der(&self.log.key().to_der());
        key.ok().map(|key| key.id())
    }

    /// What stands for the log in statements that are made now.
    pub fn log_id(&self, now: Timestamp) -> Result<Digest, LogError> {
        let first = self.believe(now)?.first()?;
        Ok(log_id(&self.anchor.key, first))
    }

    /// Appends what was weighed against the log under that lock.
    pub fn append(
        &self,
        lock: &WriteLock,
        batch: &[Submission],
        signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<Appended, LogError> {
        let log = self.believe(now)?;
        log.append(lock, batch, signer, &self.seen)
    }

    fn fold(
        &self,
        (then, now): (Timestamp, Timestamp),
        until: u64,
        mut each: impl FnMut(KeyId, Line),
    ) -> Result<State, LogError> {
        let log = self.believe(now)?;
        let verified = self.verified(&log)?;
        let mut state = State::new(self.anchor.clone(), then);
        let mut keys = KnownKeys::default();
        // Even the past is only believed as part of the whole: reading goes on to the end.
        for stored in log.entries() {
            let record = stored?.prove(&mut keys)?;
            let index = record.index();
            if index < until {
                let check = if index < verified {
                    Check::Digest
                } else {
                    Check::Signature
                };
                let key = record.entry().key.id();
                let leaf = record.leaf();
                each(key, state.fold(leaf, record.read(check)));
            }
        }
        if until >= log.head().size {
            self.remember_policy(&state, now)?;
        }
        // A signature that did not hold must be found again by whoever reads next.
        if until >= log.head().size && state.forged() == 0 && verified < log.head().size {
            let _lock = self.verified.lock()?;
            self.verified.keep(log.note())?;
        }
        Ok(state)
    }

    /// Up to where signatures were checked before, if that is a beginning of the log.
    fn verified(&self, log: &BelievedLog) -> Result<u64, LogError> {
        let verified = self.verified.seen(&self.witnesses)?;
        let verified = verified.filter(|head| log.extends(*head).is_ok());
        Ok(verified.map_or(0, |head| head.size))
    }
}

fn to_bytes(policy: &PolicyInForce) -> Vec<u8> {
    serde_json::to_vec(policy.documents()).expect("documents are text")
}

impl LastBelieved {
    /// Its head.
    pub fn head(&self) -> Option<TreeHead> {
        self.get().map(|log| log.head())
    }

    fn set(&self, log: &BelievedLog) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(log.clone());
    }

    fn get(&self) -> Option<BelievedLog> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

/// A memory that was changed is refused: whoever changed it chose the keepers.
fn read_policy(bytes: &[u8]) -> Result<PolicyInForce, LogError> {
    let malformed = |error| Refusal::new(Reason::ReleasePolicyMalformed, error);
    let documents = serde_json::from_slice(bytes).map_err(malformed)?;
    Ok(PolicyInForce::recorded(&documents)?)
}

/// Whether a log was refused for what it has no more.
fn is_lost(refusal: &Refusal) -> bool {
    [Reason::LogRolledBack.into(), Reason::LogForked.into()].contains(&refusal.reason)
}
