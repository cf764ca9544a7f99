//! The fold: one entry, and what it changes.

use std::collections::BTreeSet;

use zwieback_attest::key_id::KeyId;
use zwieback_attest::trusted_time::stamp::TimeStamp;
use zwieback_model::digest::Digest;

use super::folded::{State, stamps};
use super::keepers::keeper;
use super::key::Key;
use super::needs;
use super::record::{BuildRecord, Entered, Line, MadeRecord, RevocationRecord};
use crate::policy::in_force::PolicyInForce;
use crate::policy::release_policy::ReleasePolicy;
use crate::reason::{Reason, Refusal};
use crate::statement::approval::Approval;
use crate::statement::policy_change::{PolicyChange, PolicyDocuments};
use crate::statement::revocation::Revocation;
use crate::statement::said::{Reading, Said, Signed};
use crate::tlog::log_id::log_id;

impl State {
    /// Folds the next entry. What may not be said changes nothing, and the line says why.
    pub fn fold(&mut self, leaf: Digest, reading: Reading) -> Line {
        let index = self.size;
        self.size += 1;
        let line = self.fold_at(index, reading);
        self.first.get_or_insert(leaf);
        line
    }

    fn fold_at(&mut self, index: u64, reading: Reading) -> Line {
        match reading {
            Reading::Forged(refusal) => {
                self.forged += 1;
                unreadable(index, refusal)
            }
            Reading::Unreadable(refusal) => unreadable(index, refusal),
            Reading::Said(signed) => {
                let mut line = self.describe(index, &signed);
                line.outcome = self.take(index, &signed);
                if matches!(&line.outcome, Err(it) if it.reason == Reason::StatementEarly.into()) {
                    self.early += 1;
                    self.note_ahead(&signed);
                }
                line
            }
        }
    }

    /// What is no part of an environment's history yet, and will be.
    fn note_ahead(&mut self, signed: &Signed) {
        let environment = match &signed.said {
            Said::Promoted(promotion) => &promotion.environment,
            Said::RolledBack(rollback) => &rollback.environment,
            _ => return,
        };
        if self.check_gate(signed.key).is_ok() {
            self.ahead.insert(environment.clone());
        }
    }

    fn describe(&self, index: u64, signed: &Signed) -> Line {
        Line {
            index,
            who: self.who(signed),
            verb: signed.said.verb(),
            what: what(signed),
            digest: digest(signed),
            when: signed.said.issued(),
            outcome: Ok(String::new()),
        }
    }

    fn who(&self, signed: &Signed) -> String {
        let policy = self.policy.as_ref().map(|policy| &policy.release);
        let person = policy.and_then(|policy| policy.people.person(signed.key));
        match (&signed.said, person) {
            (_, Some(person)) => person.to_string(),
            (Said::ChangedPolicy(change), None) if policy.is_none() => first_keeper(signed, change),
            (Said::Built(provenance), None) => provenance.builder.id.clone(),
            (Said::Promoted(promotion), None) => promotion.summary.verifier.clone(),
            (_, None) if policy.is_some_and(|policy| policy.gate_keys.contains(&signed.key)) => {
                policy.map_or_else(String::new, |it| it.gate.clone())
            }
            (_, None) => format!("key {}", signed.key.short()),
        }
    }

    fn take(&mut self, index: u64, signed: &Signed) -> Result<String, Refusal> {
        let bound = self.is_bound(&signed.said)?;
        let root = self.policy.as_ref().map(|policy| &policy.root);
        let stamps = stamps(&signed.bundle, root);
        self.entitle(signed, &stamps)?;
        // Two people may say the same in the same second; one key says it once.
        let said = self.statements.get(&signed.subject);
        if said.is_some_and(|said| said.contains(&(signed.digest, signed.key))) {
            let saw = format!("statement {}", signed.digest.short());
            return Err(Refusal::new(Reason::StatementReplayed, saw));
        }
        let outcome = self.act(index, signed, stamps)?;
        self.bound |= bound;
        let said = self.statements.entry(signed.subject).or_default();
        said.insert((signed.digest, signed.key));
        self.touched.insert(Key::Thing(signed.subject));
        Ok(outcome)
    }

    /// Whether a statement names this very log; one that names another is refused. One that gives the
    /// name alone was made by an earlier version, and counts until the first one that gives the id.
    fn is_bound(&self, said: &Said) -> Result<bool, Refusal> {
        let elsewhere = |saw: String| Err(Refusal::new(Reason::StatementElsewhere, saw));
        let Some((name, id)) = said.log() else {
            return Ok(false);
        };
        if *name != self.anchor.log {
            return elsewhere(name.to_string());
        }
        // The first policy is agreed on while there is no first entry yet.
        let early = matches!(said, Said::ChangedPolicy(_)) && self.policy.is_none();
        match id {
            None if self.bound => elsewhere(format!("{name}, without the log's id")),
            None => Ok(false),
            Some(id) if id == self.log_id() => Ok(true),
            Some(id) if early && id == log_id(&self.anchor.key, None) => Ok(true),
            Some(id) => elsewhere(format!("{name} with the id {}", id.short())),
        }
    }

    fn act(
        &mut self,
        index: u64,
        signed: &Signed,
        stamps: BTreeSet<TimeStamp>,
    ) -> Result<String, Refusal> {
        let (key, subject) = (signed.key, signed.subject);
        match &signed.said {
            Said::ChangedPolicy(change) => self.change_policy(key, &change.documents, subject),
            Said::Built(_) => Ok(self.built(index, signed, &stamps)),
            Said::Tested(report) => self.tested(signed, &entered(index, key, stamps, report)),
            Said::Authored(said) => self.authored(subject, &entered(index, key, stamps, said)),
            Said::Approved(approval) => {
                let entered = entered(index, key, stamps, approval.clone());
                self.record(signed).approvals.push(entered);
                self.wait(signed, approval);
                Ok(format!(
                    "for {}, until {}",
                    approval.environment, approval.expires
                ))
            }
            Said::BrokeGlass(exception) => {
                let entered = entered(index, key, stamps, exception.clone());
                self.record(signed).exceptions.push(entered);
                Ok(format!(
                    "in {}, until {}",
                    exception.environment, exception.expires
                ))
            }
            Said::Revoked(revocation) => self.revoke(index, key, stamps, revocation),
            Said::Restored(said) => self.restored(&entered(index, key, stamps, said)),
            Said::Promoted(promotion) => self.promote(index, signed, stamps, promotion),
            Said::RolledBack(rollback) => self.roll_back(index, signed, stamps, rollback),
        }
    }

    /// One person's word ends everything but the vote of a keeper.
    fn revoke(
        &mut self,
        index: u64,
        key: KeyId,
        stamps: BTreeSet<TimeStamp>,
        revocation: &Revocation,
    ) -> Result<String, Refusal> {
        let by = self.person(key)?.clone();
        let of = self.revoked_key(&revocation.revoked);
        let against = of.is_some_and(|of| self.is_keeper(of));
        // A key that may only vote any more has no other word.
        let speaks = self.key_revoked(key, self.stamped_at(&stamps)).is_none();
        let record = RevocationRecord {
            index,
            by,
            key,
            stamps,
            revocation: revocation.clone(),
            alone: speaks && self.has_role(key, |policy| &policy.revoke),
            keeper: against && self.is_keeper(key),
            ends_vote: !against,
        };
        let (keeper, why) = (record.keeper, format!("{:?}", revocation.reason));
        self.revocations.push(record);
        self.take_votes(revocation);
        let needed = self.policy()?.release.change.count;
        let vote = of.is_some_and(|of| self.vote_revoked(of, None).is_none());
        Ok(match against && vote {
            true if keeper => format!("{why}; as a keeper only by {needed} keepers"),
            true => format!("{why}; not as a keeper"),
            false => why,
        })
    }

    /// Provenance of anyone is kept: whether its builder is trusted is decided when it matters, by
    /// the root in force then.
    fn built(&mut self, index: u64, signed: &Signed, stamps: &BTreeSet<TimeStamp>) -> String {
        let Said::Built(provenance) = &signed.said else {
            return String::new();
        };
        let inputs = provenance.resolved_dependencies.iter();
        let inputs =
            inputs.filter_map(|input| Some((input.digest.get_sha256()?, input.label().to_owned())));
        let build = BuildRecord {
            name: String::new(),
            builder: provenance.builder.id.clone(),
            inputs: inputs.collect(),
            needs: needs::needs(provenance)
                .into_iter()
                .filter_map(|(tree, name)| Some((tree?, name)))
                .collect(),
            release: needs::release(provenance),
            tree: needs::outputs(provenance),
        };
        let subjects = signed.subjects();
        if let Some(tree) = build.tree {
            let made = MadeRecord {
                build: build.clone(),
                files: subjects.iter().map(|(digest, _)| *digest).collect(),
            };
            let made = entered(index, signed.key, stamps.clone(), made);
            self.made.entry(tree).or_default().push(made);
            self.touched.insert(Key::Thing(tree));
        }
        let is_trusted = self.is_builder(signed.key);
        for (digest, name) in &subjects {
            let build = BuildRecord {
                name: name.clone(),
                ..build.clone()
            };
            let entered = entered(index, signed.key, stamps.clone(), build);
            let record = self.named(*digest, name);
            if is_trusted && !record.is_named {
                record.name.clone_from(name);
                record.is_named = true;
            }
            record.builds.push(entered);
        }
        let inputs = build.inputs.len();
        match signed.files() {
            0 | 1 => format!("from {inputs} inputs"),
            files => format!("and {} more, from {inputs} inputs", files - 1),
        }
    }

    /// Whether the policy in force knows that key as a builder's.
    pub(super) fn is_builder(&self, key: KeyId) -> bool {
        let root = self.policy.as_ref().map(|policy| &policy.root);
        root.is_some_and(|root| root.builders.iter().any(|builder| builder.key.id() == key))
    }

    /// A policy is in force once enough keepers of the one before it are for it; the first one is
    /// the one that the user knows, by its own keepers.
    fn change_policy(
        &mut self,
        key: KeyId,
        documents: &PolicyDocuments,
        subject: Digest,
    ) -> Result<String, Refusal> {
        let digest = documents.digest();
        if digest != subject {
            let saw = "the digest of the subject is another policy's";
            return Err(Refusal::new(Reason::StatementMalformed, saw));
        }
        if self.policy.is_none() && digest != self.anchor.policy {
            return Err(Refusal::new(Reason::PolicyAnchor, digest));
        }
        let next = PolicyInForce::read(documents, self.policy.as_ref())?;
        let people = self.people.with(&next);
        // A policy that nobody could ever change again is none.
        let change = &next.release.change;
        people.check(&next.release.people, &change.role, change.count)?;
        let policy = &self.policy.as_ref().unwrap_or(&next).release;
        let (person, needed) = keeper(policy, key)?;
        let proposal = self.proposals.entry(digest).or_default();
        proposal.keepers.insert(person);
        let count = people.count(&proposal.keepers);
        if count < needed {
            return Ok(format!("{count} of {needed} keepers"));
        }
        let version = next.release.version;
        self.policy = Some(next);
        self.people = people;
        // Votes for what would have been next are votes for nothing now.
        self.proposals.clear();
        Ok(format!("version {version} in force"))
    }

    pub(super) fn record(&mut self, signed: &Signed) -> &mut super::record::ArtifactRecord {
        self.named(signed.subject, &signed.name)
    }

    /// What was approved for an environment waits for it, until it was there.
    fn wait(&mut self, signed: &Signed, approval: &Approval) {
        let history = self.environments.get(&approval.environment);
        if history.is_some_and(|history| history.last_of(signed.subject).is_some()) {
            return;
        }
        let waiting = self.waiting.entry(signed.name.clone()).or_default();
        let place = (approval.environment.clone(), signed.subject);
        let expires = waiting.entry(place).or_insert(approval.expires);
        *expires = approval.expires.max(*expires);
        self.touched.insert(Key::Called(signed.name.clone()));
    }

    fn named(&mut self, digest: Digest, name: &str) -> &mut super::record::ArtifactRecord {
        self.touched.insert(Key::Thing(digest));
        let record = self.artifacts.entry(digest).or_default();
        // Whoever speaks later does not change what it is called.
        if record.name.is_empty() {
            name.clone_into(&mut record.name);
        }
        record
    }
}

impl Line {
    /// What an entry says, by the key that signed it; what it is worth takes a state.
    pub fn unjudged(index: u64, reading: Reading) -> Self {
        match reading {
            Reading::Forged(refusal) | Reading::Unreadable(refusal) => unreadable(index, refusal),
            Reading::Said(signed) => Self {
                index,
                who: format!("key {}", signed.key.short()),
                verb: signed.said.verb(),
                what: signed.name.clone(),
                digest: Some(signed.subject),
                when: signed.said.issued(),
                outcome: Ok(String::new()),
            },
        }
    }
}

fn entered<T>(index: u64, key: KeyId, stamps: BTreeSet<TimeStamp>, what: T) -> Entered<T> {
    Entered {
        index,
        key,
        stamps,
        what,
    }
}

/// Before any policy is in force, the first one says who its keepers are.
fn first_keeper(signed: &Signed, change: &PolicyChange) -> String {
    let policy = ReleasePolicy::parse(&change.documents.release).ok();
    let person = policy.and_then(|policy| policy.people.person(signed.key).cloned());
    person.map_or_else(
        || format!("key {}", signed.key.short()),
        |it| it.to_string(),
    )
}

/// What is spoken of; the id of a key is shown as everywhere else.
fn what(signed: &Signed) -> String {
    match &signed.said {
        Said::Revoked(revocation) => revocation.revoked.label(),
        _ => signed.name.clone(),
    }
}

/// The digest of what is spoken of, where the subject is more than a stand-in.
fn digest(signed: &Signed) -> Option<Digest> {
    match &signed.said {
        Said::Revoked(_) => None,
        _ => Some(signed.subject),
    }
}

fn unreadable(index: u64, refusal: Refusal) -> Line {
    Line {
        index,
        who: "unknown".to_owned(),
        verb: "said",
        what: "something".to_owned(),
        digest: None,
        when: None,
        outcome: Err(refusal),
    }
}
