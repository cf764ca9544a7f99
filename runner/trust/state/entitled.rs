//! Who may say what: the one place where a statement comes to count, or does not.
//!
//! | kind | counts if said by |
//! |---|---|
//! | provenance | anyone: it is believed only as far as the trust root in force knows its key |
//! | test result | someone of a role that an environment takes tests from |
//! | authorship | someone of the role `authors`; of oneself, anyone known |
//! | approval | someone of a role that its environment asks for |
//! | exception | someone of the role `break-glass`, or a keeper |
//! | revocation | someone of the role `revoke`; of a keeper's key, a keeper too |
//! | policy | a keeper of the policy in force; without one, of the policy that the reader knows |
//! | restoration of the log | a keeper of the policy in force |
//! | promotion, rollback | the gate |
//!
//! What counted when it was recorded is judged again whenever it matters, by every revocation there is by
//! then. Whoever asks comes here ([`State::speaker`], [`State::check_word`]):
//!
//! | a word that | is | once its key is revoked |
//! |---|---|---|
//! | lets something pass | approval, exception, success of tests, withdrawal of an author, promotion, keeper's vote | counts no more |
//! | holds something back | author, failure of tests, revocation | stays, until someone whose key is good says otherwise; a revocation for ever |
//!
//! So no revocation lets anything pass: whoever may revoke could else release. Nor does a policy that takes a
//! role or a key from whoever held something back.

use std::collections::BTreeSet;

use zwieback_attest::key_id::KeyId;
use zwieback_attest::trusted_time::stamp::TimeStamp;
use zwieback_model::name::Name;

use super::environment::{Generation, Origin};
use super::folded::State;
use super::record::{AuthorshipRecord, Entered, RevocationRecord};
use crate::policy::in_force::PolicyInForce;
use crate::policy::release_policy::ReleasePolicy;
use crate::reason::{Reason, Refusal};
use crate::statement::approval::Approval;
use crate::statement::authorship::Authorship;
use crate::statement::revocation::Revoked;
use crate::statement::said::{Said, Signed};

impl State {
    /// Whether what is said counts, by its signer and its time.
    pub(super) fn entitle(
        &self,
        signed: &Signed,
        stamps: &BTreeSet<TimeStamp>,
    ) -> Result<(), Refusal> {
        self.check_key(signed, stamps)?;
        self.check_time(&signed.said)?;
        let key = signed.key;
        match &signed.said {
            Said::Built(_) => Ok(()),
            Said::Tested(_) => self.check_roles(key, &self.policy()?.release.test_roles()),
            Said::Authored(it) => self.check_authorship(key, it),
            Said::Approved(it) => self.check_approval(key, it),
            Said::BrokeGlass(_) => {
                self.check_roles(key, &self.policy()?.release.break_glass_roles())
            }
            Said::Revoked(it) => self.check_revocation(key, &it.revoked),
            Said::ChangedPolicy(_) => match &self.policy {
                Some(policy) => self.check_roles(key, &[&policy.release.change.role].into()),
                // The first one is held against what the reader knows of it.
                None => Ok(()),
            },
            Said::Restored(_) => {
                self.check_roles(key, &[&self.policy()?.release.change.role].into())
            }
            Said::Promoted(_) | Said::RolledBack(_) => self.check_gate(key),
        }
    }

    /// Who says that, if it still counts by its key.
    pub fn speaker<T>(&self, entered: &Entered<T>) -> Result<&Name, Refusal> {
        self.check_word(entered.key, &entered.stamps)?;
        self.person(entered.key)
    }

    /// Whether what a key signed still lets anything pass: it was not revoked, by whatever was said since.
    pub fn check_word(&self, key: KeyId, stamps: &BTreeSet<TimeStamp>) -> Result<(), Refusal> {
        let revoked = self.key_revoked(key, self.stamped_at(stamps));
        revoked.map_or(Ok(()), |revoked| Err(by_revoked(key, revoked)))
    }

    /// Whether the gate's words still count by which a generation came to be: the one that let it in, and
    /// the one that returned to it.
    pub fn check_generation(&self, generation: &Generation) -> Result<(), Refusal> {
        self.check_word(generation.key, &generation.stamps)?;
        match &generation.origin {
            Origin::Promotion { .. } => Ok(()),
            Origin::Rollback { by, stamps, .. } => self.check_word(*by, stamps),
        }
    }

    /// Whether someone may still take back that somebody else changed a source.
    pub(super) fn may_withdraw(&self, said: &Entered<AuthorshipRecord>, author: &Name) -> bool {
        let role = self.policy().map(|policy| policy.release.authors_role());
        let speaker = self.speaker(said);
        self.people.key(said.key) != self.people.name(author.as_str())
            && speaker
                .is_ok_and(|person| role.is_ok_and(|role| self.check_role(person, role).is_ok()))
    }

    /// Whether a person has that role of the policy in force.
    pub(super) fn check_role(&self, person: &Name, role: &Name) -> Result<(), Refusal> {
        if self.policy()?.release.people.has_role(person, role) {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::SignerRole,
            format!("{person} is no {role}"),
        ))
    }

    /// Whether a key is one of a keeper's.
    pub(super) fn is_keeper(&self, key: KeyId) -> bool {
        self.has_role(key, |policy| &policy.change.role)
    }

    /// Whether a key is one of someone who has that role of the policy in force.
    pub(super) fn has_role(&self, key: KeyId, role: impl Fn(&ReleasePolicy) -> &Name) -> bool {
        let policy = self.policy.as_ref().map(|policy| &policy.release);
        policy.is_some_and(|policy| policy.has_role(key, role(policy)))
    }

    /// Whose key that is.
    pub(super) fn person(&self, key: KeyId) -> Result<&Name, Refusal> {
        let person = self.policy()?.release.people.person(key);
        person.ok_or_else(|| unknown(key))
    }

    /// What was revoked says nothing, but a keeper's vote takes more to end.
    fn check_key(&self, signed: &Signed, stamps: &BTreeSet<TimeStamp>) -> Result<(), Refusal> {
        let stamped = self.stamped_at(stamps);
        let votes = match &signed.said {
            Said::ChangedPolicy(_) => true,
            Said::Revoked(it) => self.is_vote(signed.key, &it.revoked),
            _ => false,
        };
        let revoked = if votes {
            self.vote_revoked(signed.key, stamped)
        } else {
            self.key_revoked(signed.key, stamped)
        };
        revoked.map_or(Ok(()), |revoked| Err(by_revoked(signed.key, revoked)))
    }

    /// What was said at a time that has not come is not said yet. A revocation counts at once: whoever
    /// sets a clock back must not bring back what was revoked.
    fn check_time(&self, said: &Said) -> Result<(), Refusal> {
        let ahead = said.issued().filter(|issued| issued.is_ahead_of(self.now));
        match ahead {
            Some(issued) if !matches!(said, Said::Revoked(_)) => {
                let saw = format!("{issued}, it is {}", self.now);
                Err(Refusal::new(Reason::StatementEarly, saw))
            }
            _ => Ok(()),
        }
    }

    fn check_authorship(&self, key: KeyId, said: &Authorship) -> Result<(), Refusal> {
        let policy = &self.policy()?.release;
        let person = self.person(key)?;
        let signer = self.people.key(key);
        let is_signer = |name: &Name| self.people.name(name.as_str()) == signer;
        if said.withdrawn.is_empty() && said.authors.iter().all(is_signer) {
            return Ok(());
        }
        // Nobody takes back that they changed something: they could then approve it.
        if said.withdrawn.iter().any(is_signer) {
            let person = self.people.describe(person, &policy.people);
            let saw = format!("takes back to be an author: {person}");
            return Err(Refusal::new(Reason::SelfApproval, saw));
        }
        self.check_roles(key, &[policy.authors_role()].into())?;
        // Who has left was an author all the same; of a name that nobody had yet nothing is known.
        let mut names = said.authors.iter().chain(&said.withdrawn);
        match names.find(|name| !self.people.knows(name)) {
            Some(name) => Err(Refusal::new(Reason::AuthorsUnknown, name)),
            None => Ok(()),
        }
    }

    fn check_approval(&self, key: KeyId, approval: &Approval) -> Result<(), Refusal> {
        let environment = self.policy()?.release.environment(&approval.environment);
        let missing = || Refusal::new(Reason::EnvironmentMissing, &approval.environment);
        let (environment, _) = environment.ok_or_else(missing)?;
        self.check_roles(key, &environment.approvals.keys().collect())
    }

    fn check_revocation(&self, key: KeyId, revoked: &Revoked) -> Result<(), Refusal> {
        let votes = self.is_vote(key, revoked);
        let role = &self.policy()?.release.revoke;
        if votes {
            Ok(())
        } else {
            self.check_roles(key, &[role].into())
        }
    }

    /// Whether that is a keeper's word against a keeper.
    fn is_vote(&self, key: KeyId, revoked: &Revoked) -> bool {
        let of = self.revoked_key(revoked);
        let against = of.is_some_and(|of| self.is_keeper(of));
        against && self.is_keeper(key)
    }

    fn check_roles(&self, key: KeyId, roles: &BTreeSet<&Name>) -> Result<(), Refusal> {
        let policy: &PolicyInForce = self.policy()?;
        let person = self.person(key)?;
        let people = &policy.release.people;
        if roles.iter().any(|role| people.has_role(person, role)) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let saw = match names.as_slice() {
            [] => format!("{person}; no one is asked for it"),
            names => format!("{person} is no {}", names.join(" and no ")),
        };
        Err(Refusal::new(Reason::SignerRole, saw))
    }

    pub(super) fn check_gate(&self, key: KeyId) -> Result<(), Refusal> {
        if self.policy()?.release.gate_keys.contains(&key) {
            Ok(())
        } else {
            let saw = format!("key {} is not the gate's", key.short());
            Err(Refusal::new(Reason::SignerRole, saw))
        }
    }
}

fn by_revoked(key: KeyId, revoked: &RevocationRecord) -> Refusal {
    let saw = format!("key {}, entry {}", key.short(), revoked.index);
    Refusal::new(Reason::SignerRevoked, saw)
}

fn unknown(key: KeyId) -> Refusal {
    Refusal::new(Reason::SignerUnknown, format!("key {}", key.short()))
}
