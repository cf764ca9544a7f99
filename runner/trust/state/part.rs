//! A state taken apart, and a state of which only some parts are known.
//!
//! Folding an entry needs little of the state: what was said about its subject, and what holds for
//! all. So a state can be kept in parts and be read by those that a question is about. A partial state
//! refuses to answer about a part that it does not have: absence there would look like silence.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zwieback_attest::key_id::KeyId;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::behind::Behind;
use super::environment::{Generation, History};
use super::folded::{Anchor, State};
use super::key::Key;
use super::record::{
    ArtifactRecord, AuthorshipRecord, Entered, MadeRecord, Proposal, RestorationRecord,
    RevocationRecord,
};
use crate::policy::in_force::PolicyInForce;
use crate::policy::known_people::KnownPeople;
use crate::reason::Refusal;
use crate::statement::policy_change::PolicyDocuments;
use crate::statement::said::{Said, Signed};

/// What holds for everything: it is always known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    size: u64,
    first: Option<Digest>,
    bound: bool,
    policy: Option<PolicyDocuments>,
    people: KnownPeople,
    proposals: BTreeMap<Digest, Proposal>,
    revocations: Vec<RevocationRecord>,
    restorations: BTreeMap<Digest, RestorationRecord>,
    /// What is deployed in each environment.
    current: BTreeMap<Name, (Generation, Behind)>,
    placed: bool,
    /// Never on the disk: what is early is read again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    ahead: BTreeSet<Name>,
}

/// All that was said about one thing.
#[derive(Serialize, Deserialize)]
struct Thing {
    artifact: Option<ArtifactRecord>,
    authors: Vec<Entered<AuthorshipRecord>>,
    statements: BTreeSet<(Digest, KeyId)>,
    /// As a tree of outputs: how it was made.
    made: Vec<Entered<MadeRecord>>,
    /// Its last generation, by environment.
    last: BTreeMap<Name, u64>,
}

/// What waits under a name: environment, artifact, until when.
type Called = Vec<(Name, Digest, Timestamp)>;

impl State {
    /// A state of which only that is known so far.
    pub fn partial(anchor: Anchor, base: Base, now: Timestamp) -> Result<Self, Refusal> {
        let policy = base.policy.as_ref().map(PolicyInForce::recorded);
        let environments = base.current.into_iter();
        Ok(Self {
            size: base.size,
            first: base.first,
            bound: base.bound,
            placed: base.placed,
            ahead: base.ahead,
            policy: policy.transpose()?,
            people: base.people,
            proposals: base.proposals,
            revocations: base.revocations,
            restorations: base.restorations,
            environments: environments
                .map(|(name, (current, behind))| (name, History::ending(Some(current), behind)))
                .collect(),
            known: Some(BTreeSet::new()),
            ..Self::new(anchor, now)
        })
    }

    /// What holds for everything.
    pub fn base(&self) -> Base {
        let current = self.environments.iter();
        let current = current.filter_map(|(name, history)| {
            let current = history.current()?.clone();
            Some((name.clone(), (current, history.behind().clone())))
        });
        Base {
            size: self.size,
            first: self.first,
            bound: self.bound,
            placed: self.placed,
            policy: self
                .policy
                .as_ref()
                .map(|policy| policy.documents().clone()),
            people: self.people.clone(),
            proposals: self.proposals.clone(),
            revocations: self.revocations.clone(),
            restorations: self.restorations.clone(),
            current: current.collect(),
            ahead: self.ahead.clone(),
        }
    }

    /// Whether that part is known, or known to be empty.
    pub fn knows(&self, key: &Key) -> bool {
        self.known.as_ref().is_none_or(|it| it.contains(key))
    }

    /// The parts that were changed since this was asked last.
    pub fn take_touched(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.touched)
    }

    /// The bytes of a part.
    pub fn part(&self, key: &Key) -> Vec<u8> {
        let bytes = match key {
            Key::Thing(digest) => serde_json::to_vec(&self.thing(*digest)),
            Key::Called(name) => serde_json::to_vec(&self.called(name)),
            Key::Row(environment, _) => serde_json::to_vec(&self.row(key, environment)),
        };
        bytes.expect("maps of parts have keys that are text")
    }

    /// Makes a part known; without bytes it is known to be empty.
    pub fn recall(&mut self, key: &Key, bytes: Option<&[u8]>) -> Result<(), serde_json::Error> {
        if let Some(known) = &mut self.known {
            known.insert(key.clone());
        }
        let Some(bytes) = bytes else { return Ok(()) };
        match key {
            Key::Thing(digest) => self.recall_thing(*digest, serde_json::from_slice(bytes)?),
            Key::Called(name) => self.recall_called(name, serde_json::from_slice(bytes)?),
            Key::Row(environment, _) => {
                let row: Vec<Generation> = serde_json::from_slice(bytes)?;
                let history = self.environments.entry(environment.clone()).or_default();
                for generation in row {
                    history.recall(generation);
                }
            }
        }
        Ok(())
    }

    /// An answer about a part that is not known would be a guess: better none at all.
    pub(super) fn assert_known(&self, key: &Key) {
        assert!(self.knows(key), "a partial state was asked about {key:?}");
    }

    fn thing(&self, digest: Digest) -> Thing {
        let last = self.environments.iter();
        let last = last.filter_map(|(name, it)| Some((name.clone(), it.last_of(digest)?)));
        Thing {
            artifact: self.artifacts.get(&digest).cloned(),
            authors: self.authors.get(&digest).cloned().unwrap_or_default(),
            statements: self.statements.get(&digest).cloned().unwrap_or_default(),
            made: self.made.get(&digest).cloned().unwrap_or_default(),
            last: last.collect(),
        }
    }

    fn recall_thing(&mut self, digest: Digest, thing: Thing) {
        self.artifacts
            .extend(thing.artifact.map(|artifact| (digest, artifact)));
        if !thing.authors.is_empty() {
            self.authors.insert(digest, thing.authors);
        }
        self.statements.insert(digest, thing.statements);
        if !thing.made.is_empty() {
            self.made.insert(digest, thing.made);
        }
        for (environment, number) in thing.last {
            let history = self.environments.entry(environment).or_default();
            history.recall_last(digest, number);
        }
    }

    fn called(&self, name: &str) -> Called {
        let waiting = self.waiting.get(name).into_iter().flatten();
        waiting
            .map(|((environment, artifact), expires)| (environment.clone(), *artifact, *expires))
            .collect()
    }

    fn recall_called(&mut self, name: &str, called: Called) {
        let waiting = called.into_iter();
        let waiting =
            waiting.map(|(environment, artifact, expires)| ((environment, artifact), expires));
        self.waiting.insert(name.to_owned(), waiting.collect());
    }

    fn row(&self, key: &Key, environment: &Name) -> Vec<&Generation> {
        let history = self.environments.get(environment);
        let all = history.map_or(&[][..], History::generations).iter();
        all.filter(|it| Key::generation(environment, it.number) == *key)
            .collect()
    }
}

impl Key {
    /// The rows that a statement is held against, once the parts of [`Self::of`] are known.
    pub fn further(state: &State, signed: &Signed) -> BTreeSet<Self> {
        let (environment, back) = match &signed.said {
            Said::Promoted(it) => (&it.environment, None),
            Said::RolledBack(it) => (&it.environment, Some(it.to)),
            _ => return BTreeSet::new(),
        };
        let mut keys = Self::around(state, environment, signed.subject);
        keys.extend(back.map(|number| Self::generation(environment, number)));
        if let Some(history) = state.history(environment) {
            // The next generation goes into its row.
            keys.insert(Self::generation(environment, history.next()));
        }
        keys
    }

    /// The row that shows what replaced an artifact in an environment.
    pub fn around(state: &State, environment: &Name, artifact: Digest) -> BTreeSet<Self> {
        let last = state
            .history(environment)
            .and_then(|it| it.last_of(artifact));
        let after = last.map(|number| Self::generation(environment, number + 1));
        after.into_iter().collect()
    }
}
