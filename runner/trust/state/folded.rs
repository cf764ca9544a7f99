//! The state that a log stands for.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_attest::bundle::Bundle;
use zwieback_attest::key_id::KeyId;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_attest::trusted_time::stamp::TimeStamp;
use zwieback_attest::trusted_time::token;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::environment::History;
use super::key::Key;
use super::record::{
    ArtifactRecord, AuthorshipRecord, Entered, MadeRecord, Proposal, RestorationRecord,
    RevocationRecord,
};
use crate::policy::in_force::PolicyInForce;
use crate::policy::known_people::KnownPeople;
use crate::reason::{Reason, Refusal};
use crate::tlog::log_id::log_id;
use crate::tlog::note_key::{NoteKey, NoteName};

/// What a user knows about a log before reading it; everything else is in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The log's name.
    pub log: NoteName,
    /// The log's key: together with the first entry it tells this log from others of that name.
    pub key: NoteKey,
    /// The digest of the first policy: [`crate::statement::policy_change::PolicyDocuments::digest`].
    pub policy: Digest,
}

/// All that follows from the entries so far.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) anchor: Anchor,
    /// What the reader's clock shows: what was said later than that is not said yet.
    pub(super) now: Timestamp,
    pub(super) size: u64,
    /// The first entry's digest in the tree.
    pub(super) first: Option<Digest>,
    /// Whether a statement counted that names the log's id: from then on each must.
    pub(super) bound: bool,
    /// Whether a rollback counted that says how many entries the log had: from then on each must.
    pub(super) placed: bool,
    pub(super) forged: u64,
    pub(super) early: u64,
    /// The environments that the gate has moved at a time that has not come.
    pub(super) ahead: BTreeSet<Name>,
    /// By subject: what was said about it, and by whom.
    pub(super) statements: BTreeMap<Digest, BTreeSet<(Digest, KeyId)>>,
    pub(super) policy: Option<PolicyInForce>,
    /// Everybody in this policy and in those before it.
    pub(super) people: KnownPeople,
    pub(super) proposals: BTreeMap<Digest, Proposal>,
    pub(super) artifacts: BTreeMap<Digest, ArtifactRecord>,
    /// By name: what was approved for an environment, until when, and was never there.
    pub(super) waiting: BTreeMap<String, BTreeMap<(Name, Digest), Timestamp>>,
    /// By source: who is said to have changed it.
    pub(super) authors: BTreeMap<Digest, Vec<Entered<AuthorshipRecord>>>,
    pub(super) revocations: Vec<RevocationRecord>,
    /// By the tree of outputs: who says to have made that, and how.
    pub(super) made: BTreeMap<Digest, Vec<Entered<MadeRecord>>>,
    pub(super) restorations: BTreeMap<Digest, RestorationRecord>,
    pub(super) environments: BTreeMap<Name, History>,
    /// What is known of the whole, if not everything.
    pub(super) known: Option<BTreeSet<Key>>,
    /// What was changed since the last look at it.
    pub(super) touched: BTreeSet<Key>,
}

impl State {
    /// The state of a log without entries, for whoever reads it at that time.
    pub fn new(anchor: Anchor, now: Timestamp) -> Self {
        Self {
            anchor,
            now,
            size: 0,
            first: None,
            bound: false,
            placed: false,
            forged: 0,
            early: 0,
            ahead: BTreeSet::new(),
            statements: BTreeMap::new(),
            policy: None,
            people: KnownPeople::default(),
            proposals: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            waiting: BTreeMap::new(),
            authors: BTreeMap::new(),
            revocations: Vec::new(),
            made: BTreeMap::new(),
            restorations: BTreeMap::new(),
            environments: BTreeMap::new(),
            known: None,
            touched: BTreeSet::new(),
        }
    }

    /// The log's name.
    pub fn log(&self) -> &NoteName {
        &self.anchor.log
    }

    /// What stands for this log in statements that are made now.
    pub fn log_id(&self) -> Digest {
        log_id(&self.anchor.key, self.first)
    }

    /// How many entries were folded.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many entries had no signature that holds, or another statement's.
    pub fn forged(&self) -> u64 {
        self.forged
    }

    /// How many entries are of no account for now, and have to be read again: without a signature that
    /// holds, or from a time that has not come.
    pub fn unsettled(&self) -> u64 {
        self.forged + self.early
    }

    /// Whether nothing moved an environment ahead of its time, by a clock that goes before the reader's: what is
    /// there, and which generation is the next, would be other things once that time has come.
    pub fn check_settled(&self, environment: &Name) -> Result<(), Refusal> {
        if self.ahead.contains(environment) {
            let saw =
                format!("a promotion or rollback of {environment}: by a clock ahead of this one");
            return Err(Refusal::new(Reason::StatementEarly, saw));
        }
        Ok(())
    }

    /// The policy in force.
    pub fn policy(&self) -> Result<&PolicyInForce, Refusal> {
        let missing = || Refusal::new(Reason::PolicyMissing, "");
        self.policy.as_ref().ok_or_else(missing)
    }

    /// Everybody whom the policies so far have named: whether two are different people is asked there.
    pub fn people(&self) -> &KnownPeople {
        &self.people
    }

    /// What was said about an artifact.
    pub fn artifact(&self, digest: Digest) -> Option<&ArtifactRecord> {
        self.assert_known(&Key::Thing(digest));
        self.artifacts.get(&digest)
    }

    /// All artifacts.
    pub fn artifacts(&self) -> &BTreeMap<Digest, ArtifactRecord> {
        assert!(
            self.known.is_none(),
            "a partial state has not all artifacts"
        );
        &self.artifacts
    }

    /// Artifacts that were called so, approved for an environment for a time after `now`, and never
    /// there.
    pub fn waiting(&self, name: &str, now: Timestamp) -> impl Iterator<Item = Digest> + use<'_> {
        self.assert_known(&Key::Called(name.to_owned()));
        let all = self.waiting.get(name).into_iter().flatten();
        all.filter(move |(_, expires)| now < **expires)
            .map(|((_, artifact), _)| *artifact)
    }

    /// How a tree of outputs was made, on whoever's word.
    pub fn made(&self, tree: Digest) -> &[Entered<MadeRecord>] {
        self.assert_known(&Key::Thing(tree));
        self.made.get(&tree).map_or(&[], Vec::as_slice)
    }

    /// Where anything was ever deployed.
    pub fn environments(&self) -> impl Iterator<Item = &Name> {
        self.environments.keys()
    }

    /// The environments in which something is deployed, whatever the policy in force knows of them.
    pub fn occupied(&self) -> impl Iterator<Item = &Name> {
        let all = self.environments.iter();
        let occupied = all.filter(|(_, history)| history.current().is_some());
        occupied.map(|(name, _)| name)
    }

    /// What was deployed in an environment.
    pub fn history(&self, environment: &Name) -> Option<&History> {
        self.environments.get(environment)
    }

    /// What keepers said about a log that was put back.
    pub fn restorations(&self) -> impl Iterator<Item = &RestorationRecord> {
        self.restorations.values()
    }
}

/// The time stamps of a bundle by authorities that the root knows. What they are worth is judged by the root in
/// force whenever it matters: [`State::stamped_at`].
///
/// Stamps lie outside of what is signed and of what the log's tree covers: whoever can write to the log's
/// files can add one that does not hold. Such a one says nothing, and takes nothing from what was signed: a
/// revocation must not end by it.
pub(crate) fn stamps(bundle: &Bundle, root: Option<&TrustRoot>) -> BTreeSet<TimeStamp> {
    root.map(|root| token::stamps(bundle, root))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use zwieback_attest::public_key::Algorithm;
    use zwieback_attest::resource::ResourceDescriptor;
    use zwieback_attest::statement::Statement;
    use zwieback_attest::trust_root::Quorum;
    use zwieback_host::keys::private_key::PrivateKey;
    use zwieback_host::keys::signer::seal;
    use zwieback_model::digest::Fingerprint;
    use zwieback_model::json::value::Value;

    use super::*;

    #[test]
    fn a_stamp_that_does_not_hold_takes_nothing_from_what_was_signed() {
        let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
        let statement = Statement {
            subject: vec![ResourceDescriptor::named("a", &Fingerprint::of(b"a"))],
            predicate_type: "https://example.com/v1".into(),
            predicate: Value::object([]),
        };
        let bundle = seal(&statement, &key)
            .unwrap()
            .with_timestamp(vec![1, 2, 3]);
        let root = TrustRoot {
            version: 1,
            line: None,
            expires: "9000-01-01T00:00:00Z".parse().unwrap(),
            quorum: Quorum {
                keys: vec![],
                threshold: 1,
            },
            builders: vec![],
            verifiers: vec![],
            revoked: <_>::default(),
            time_stampers: vec![b"an authority".to_vec()],
        };
        assert!(stamps(&bundle, Some(&root)).is_empty());
    }
}
