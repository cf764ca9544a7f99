//! What was revoked, and on whose word.
//!
//! One person of the role `revoke` is enough for everything but the vote of a keeper: whoever could take
//! that away alone could take the policy away from all keepers, for ever. A keeper's key that one person
//! has revoked says nothing any more, except as a keeper; that ends when enough keepers have revoked it.

use std::collections::BTreeSet;

use zwieback_attest::key_id::KeyId;
use zwieback_attest::trust_root::{self, TrustRoot};
use zwieback_attest::trusted_time::stamp::{StampStanding, TimeStamp};
use zwieback_model::timestamp::Timestamp;

use super::folded::State;
use super::record::RevocationRecord;
use crate::reason::Refusal;
use crate::statement::revocation::Revoked;

impl State {
    /// Everything that was revoked, and every keeper's word against another one.
    pub fn revocations(&self) -> &[RevocationRecord] {
        &self.revocations
    }

    /// The revocation of that thing, if there is one; keys have [`Self::key_revoked`].
    pub fn revocation(&self, of: &Revoked) -> Option<&RevocationRecord> {
        let mut all = self.revocations.iter();
        all.find(|it| it.revocation.revoked == *of && it.alone)
    }

    /// Whether a key's word does not count, signed at that trusted time if there is any.
    pub fn key_revoked(&self, key: KeyId, stamped: Option<Timestamp>) -> Option<&RevocationRecord> {
        let mut of_key = self.of_key(key, stamped);
        let alone = of_key.find(|it| it.alone);
        alone.or_else(|| self.vote_revoked(key, stamped))
    }

    /// Whether a key does not even count as a keeper's: enough of them have revoked it.
    pub fn vote_revoked(
        &self,
        key: KeyId,
        stamped: Option<Timestamp>,
    ) -> Option<&RevocationRecord> {
        let whole = self
            .of_key(key, stamped)
            .find(|it| it.alone && it.ends_vote);
        let needed = self.policy.as_ref()?.release.change.count;
        let mut keepers = BTreeSet::new();
        let votes = self.of_key(key, stamped).filter(|it| it.keeper);
        let mut is_another = |it: &RevocationRecord| keepers.insert(self.people.key(it.key));
        whole.or_else(|| {
            votes
                .filter(|vote| is_another(vote))
                .nth(needed.saturating_sub(1))
        })
    }

    /// When something was signed at the latest, by a time stamp authority that the policy in force trusts, and
    /// whose key was not revoked. One that it trusted when that was recorded is not asked any more.
    pub fn stamped_at(&self, stamps: &BTreeSet<TimeStamp>) -> Option<Timestamp> {
        // Hardly anything is stamped.
        let root = &self.policy.as_ref().filter(|_| !stamps.is_empty())?.root;
        let is_believed = |stamp: &&TimeStamp| {
            let is_revoked = |key: KeyId| {
                let mut by_log = self.of_key(key, Some(stamp.time));
                by_log.any(|record| record.alone)
                    || root.revocation_at(key, Some(stamp.time)).is_some()
            };
            stamp.standing(&root.time_stampers, is_revoked) == StampStanding::Believed
        };
        let believed = stamps.iter().filter(is_believed);
        believed.map(|stamp| stamp.time).min()
    }

    /// The trust root of the policy in force, without the keys that were revoked since.
    pub fn root(&self) -> Result<TrustRoot, Refusal> {
        let mut root = self.policy()?.root.clone();
        for record in &self.revocations {
            let Revoked::Key(name) = record.revocation.revoked else {
                continue;
            };
            let key = self.revoked_key(&record.revocation.revoked);
            let is_voted = || key.is_some_and(|key| self.vote_revoked(key, None).is_some());
            if !record.alone && !is_voted() {
                continue;
            }
            let added = trust_root::Revocation {
                from: record.revocation.from,
                reason: record.revocation.reason.clone(),
            };
            // Beside what the root says of the same key: each of them holds.
            root.revoked.push((name, added));
        }
        Ok(root)
    }

    /// The key that is revoked, if the policy in force knows it, by whichever of its names.
    pub(super) fn revoked_key(&self, revoked: &Revoked) -> Option<KeyId> {
        let Revoked::Key(name) = revoked else {
            return None;
        };
        let key = self.policy.as_ref()?.key(*name)?;
        Some(key.id())
    }

    fn of_key(
        &self,
        key: KeyId,
        stamped: Option<Timestamp>,
    ) -> impl Iterator<Item = &RevocationRecord> {
        let all = self.revocations.iter();
        let of_key = all.filter(move |it| it.revocation.revoked.is_key(key));
        of_key.filter(move |it| match (it.revocation.from, stamped) {
            (Some(from), Some(stamped)) => stamped >= from,
            _ => true,
        })
    }
}

#[cfg(test)]
#[path = "revoked_tests.rs"]
mod tests;
