//! The state that a log stands for.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_core::attest::key_id::KeyId;
use zwieback_core::attest::reason::Refusal as AttestRefusal;
use zwieback_core::attest::trust_root::{self, TrustRoot};
use zwieback_core::digest::Digest;
use zwieback_core::name::Name;
use zwieback_core::timestamp::Timestamp;

use super::environment::History;
use super::key::Key;
use super::record::{ArtifactRecord, Proposal, RevocationRecord};
use crate::gate::in_force::PolicyInForce;
use crate::reason::{Reason, Refusal};
use crate::statement::revocation::Revoked;
use crate::tlog::note_key::NoteName;

/// What a user knows about a log before reading it; everything else is in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The log's name.
    pub log: NoteName,
    /// The digest of the first policy: [`crate::statement::policy_change::PolicyDocuments::digest`].
    pub policy: Digest,
}

/// All that follows from the entries so far.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) anchor: Anchor,
    pub(super) size: u64,
    pub(super) forged: u64,
    /// By subject: what was said about it, and by whom.
    pub(super) statements: BTreeMap<Digest, BTreeSet<(Digest, KeyId)>>,
    pub(super) policy: Option<PolicyInForce>,
    pub(super) proposals: BTreeMap<Digest, Proposal>,
    pub(super) artifacts: BTreeMap<Digest, ArtifactRecord>,
    /// By name: what was approved for an environment, until when, and was never there.
    pub(super) waiting: BTreeMap<String, BTreeMap<(Name, Digest), Timestamp>>,
    pub(super) authors: BTreeMap<Digest, BTreeSet<Name>>,
    pub(super) revocations: Vec<RevocationRecord>,
    pub(super) environments: BTreeMap<Name, History>,
    /// What is known of the whole, if not everything.
    pub(super) known: Option<BTreeSet<Key>>,
    /// What was changed since the last look at it.
    pub(super) touched: BTreeSet<Key>,
}

impl State {
    /// The state of a log without entries.
    pub fn new(anchor: Anchor) -> Self {
        Self {
            anchor,
            size: 0,
            forged: 0,
            statements: BTreeMap::new(),
            policy: None,
            proposals: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            waiting: BTreeMap::new(),
            authors: BTreeMap::new(),
            revocations: Vec::new(),
            environments: BTreeMap::new(),
            known: None,
            touched: BTreeSet::new(),
        }
    }

    /// The log's name.
    pub fn log(&self) -> &NoteName {
        &self.anchor.log
    }

    /// How many entries were folded.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many entries had no signature that holds, or another statement's.
    pub fn forged(&self) -> u64 {
        self.forged
    }

    /// The policy in force.
    pub fn policy(&self) -> Result<&PolicyInForce, Refusal> {
        let missing = || Refusal::new(Reason::PolicyMissing, "");
        self.policy.as_ref().ok_or_else(missing)
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

    /// Who changed a source, as far as anyone said.
    pub fn authors(&self, source: Digest) -> Option<&BTreeSet<Name>> {
        self.assert_known(&Key::Thing(source));
        self.authors.get(&source)
    }

    /// Where anything was ever deployed.
    pub fn environments(&self) -> impl Iterator<Item = &Name> {
        self.environments.keys()
    }

    /// What was deployed in an environment.
    pub fn history(&self, environment: &Name) -> Option<&History> {
        self.environments.get(environment)
    }

    /// Everything that was revoked.
    pub fn revocations(&self) -> &[RevocationRecord] {
        &self.revocations
    }

    /// The revocation of that thing, if there is one.
    pub fn revocation(&self, of: &Revoked) -> Option<&RevocationRecord> {
        self.revocations
            .iter()
            .find(|it| it.revocation.revoked == *of)
    }

    /// Whether a key's word does not count, signed at that trusted time if there is any.
    pub fn key_revoked(&self, key: KeyId, stamped: Option<Timestamp>) -> Option<&RevocationRecord> {
        let all = self.revocations.iter();
        let mut of_key = all.filter(|it| it.revocation.revoked == Revoked::Key(key));
        of_key.find(|it| match (it.revocation.from, stamped) {
            (Some(from), Some(stamped)) => stamped >= from,
            _ => true,
        })
    }

    /// The trust root of the policy in force, without the keys that were revoked since.
    pub fn root(&self) -> Result<TrustRoot, Refusal> {
        let mut root = self.policy()?.root.clone();
        for record in &self.revocations {
            let Revoked::Key(key) = record.revocation.revoked else {
                continue;
            };
            let added = trust_root::Revocation {
                from: record.revocation.from,
                reason: record.revocation.reason.clone(),
            };
            let kept = root.revoked.entry(key).or_insert_with(|| added.clone());
            // The earlier of two times holds; no time at all is the earliest.
            if added.from < kept.from {
                *kept = added;
            }
        }
        Ok(root)
    }
}

/// When a bundle was signed, by an authority that the root trusts.
pub(super) fn stamped(
    bundle: &zwieback_core::attest::bundle::Bundle,
    root: Option<&TrustRoot>,
) -> Result<Option<Timestamp>, AttestRefusal> {
    let authorities = root.map_or(&[][..], |root| &root.time_stampers);
    if bundle.timestamps().is_empty() || authorities.is_empty() {
        Ok(None)
    } else {
        zwieback_core::trusted_time::token::stamped_at(bundle, authorities)
    }
}
