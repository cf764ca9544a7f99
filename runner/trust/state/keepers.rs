//! What takes several keepers: votes that count, and the log that was put back.

use zwieback_attest::key_id::KeyId;
use zwieback_model::name::Name;

use super::folded::State;
use super::record::{Entered, RestorationRecord, RevocationRecord};
use crate::policy::in_force::PolicyInForce;
use crate::policy::release_policy::ReleasePolicy;
use crate::reason::{Reason, Refusal};
use crate::statement::restoration::Restoration;
use crate::statement::revocation::Revocation;

impl State {
    /// Whether enough keepers say that the log was put back so, by keys that are good.
    pub fn is_restored(&self, record: &RestorationRecord) -> bool {
        let enough = record.enough;
        enough.is_some_and(|enough| self.keepers_for(record) >= enough)
    }

    /// Whether enough of them are keepers of that policy too, which is newer than what the log has left.
    pub fn is_restored_under(&self, record: &RestorationRecord, policy: &PolicyInForce) -> bool {
        let counts = |it: &&Entered<Name>| {
            self.vote_revoked(it.key, self.stamped_at(&it.stamps))
                .is_none()
        };
        let words = record.keepers.iter().filter(counts);
        let keepers = words.filter_map(|word| keeper(&policy.release, word.key).ok());
        let keepers: Vec<Name> = keepers.map(|(person, _)| person).collect();
        self.people.with(policy).count(&keepers) >= policy.release.change.count
    }

    /// The log was put back, once enough keepers say so; whoever remembers what it gave up decides
    /// by this. What it was put back to is older than the word about it.
    pub(super) fn restored(&mut self, word: &Entered<&Restoration>) -> Result<String, Refusal> {
        let (index, said) = (word.index, word.what);
        let (person, needed) = keeper(&self.policy()?.release, word.key)?;
        if said.new.size > index {
            let saw = format!("entry {index} speaks of {} entries", said.new.size);
            return Err(Refusal::new(Reason::StatementMalformed, saw));
        }
        let digest = said.digest();
        let record = self.restorations.entry(digest);
        let record = record.or_insert_with(|| RestorationRecord {
            old: said.old.clone(),
            new: said.new,
            expires: said.expires,
            keepers: Vec::new(),
            enough: None,
        });
        record.expires = record.expires.min(said.expires);
        record.keepers.push(word.with(person));
        let agree = self.keepers_for(&self.restorations[&digest]);
        let record = self.restorations.get_mut(&digest);
        let record = record.expect("it was put there just now");
        if agree >= needed {
            record.enough.get_or_insert(needed);
        }
        if self.is_restored(&self.restorations[&digest]) {
            return Ok(format!("to {} entries", said.new.size));
        }
        Ok(format!("{agree} of {needed} keepers"))
    }

    /// How many different keepers say so, by keys that were not revoked since.
    fn keepers_for(&self, record: &RestorationRecord) -> usize {
        let counts = |it: &&Entered<Name>| {
            self.vote_revoked(it.key, self.stamped_at(&it.stamps))
                .is_none()
        };
        let keepers = record.keepers.iter().filter(counts);
        self.people.count(keepers.map(|keeper| &keeper.what))
    }

    /// Whose key was revoked as a keeper's has not voted: it may have been in other hands by then. What
    /// enough keepers have agreed on before stays.
    pub(super) fn take_votes(&mut self, revocation: &Revocation) {
        let Some(key) = self.revoked_key(&revocation.revoked) else {
            return;
        };
        let Ok(person) = self.person(key).cloned() else {
            return;
        };
        if self.vote_revoked(key, None).is_none() {
            return;
        }
        for proposal in self.proposals.values_mut() {
            proposal.keepers.remove(&person);
        }
        let open = |it: &RevocationRecord| {
            let of = self.revoked_key(&it.revocation.revoked);
            let is_decided = of.is_some_and(|of| self.vote_revoked(of, None).is_some());
            let stamped = self.stamped_at(&it.stamps);
            !is_decided && it.key == key && self.vote_revoked(key, stamped).is_some()
        };
        let open: Vec<bool> = self.revocations.iter().map(open).collect();
        for (record, _) in self.revocations.iter_mut().zip(open).filter(|(_, it)| *it) {
            record.keeper = false;
        }
    }
}

/// Which keeper's key that is, and how many of them must agree.
pub(super) fn keeper(policy: &ReleasePolicy, key: KeyId) -> Result<(Name, usize), Refusal> {
    let (role, needed) = (&policy.change.role, policy.change.count);
    let unknown = || Refusal::new(Reason::SignerUnknown, format!("key {}", key.short()));
    let person = policy.people.person(key).ok_or_else(unknown)?.clone();
    if policy.people.has_role(&person, role) {
        return Ok((person, needed));
    }
    let saw = format!("{person} is no {role}");
    Err(Refusal::new(Reason::SignerRole, saw))
}
