//! Promotions and rollbacks: the gate's word moves an environment, and only by one step.

use std::collections::BTreeSet;

use zwieback_attest::trusted_time::stamp::TimeStamp;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::environment::{Generation, Origin};
use super::folded::State;
use super::key::Key;
use super::record::RevocationRecord;
use crate::reason::{Reason, Refusal};
use crate::statement::promotion::{self, Promotion};
use crate::statement::revocation::Revoked;
use crate::statement::rollback::Rollback;
use crate::statement::said::Signed;

impl State {
    pub(super) fn promote(
        &mut self,
        index: u64,
        signed: &Signed,
        stamps: BTreeSet<TimeStamp>,
        promotion: &Promotion,
    ) -> Result<String, Refusal> {
        self.check_promotion(index, signed, promotion)?;
        let environment = &promotion.environment;
        let is_older = self.environments.get(environment).is_some_and(|history| {
            let counts = |generation: &Generation| self.check_generation(generation).is_ok();
            history.is_older(signed.subject, promotion.version.as_deref(), counts)
        });
        let history = self.environments.entry(environment.clone()).or_default();
        if promotion.generation != history.next() {
            let saw = format!("{}, {} is next", promotion.generation, history.next());
            return Err(Refusal::new(Reason::GenerationOrder, saw));
        }
        if is_older {
            let saw = promotion.version.as_deref().unwrap_or("no version");
            return Err(Refusal::new(Reason::Downgrade, saw));
        }
        let decided = promotion.summary.time_verified;
        let no_time = || Refusal::new(Reason::StatementMalformed, "no time");
        let policy = promotion.summary.policy.digest.get_sha256();
        history.push(Generation {
            number: promotion.generation,
            artifact: signed.subject,
            name: signed.name.clone(),
            version: promotion.version.clone(),
            index,
            decided: decided.ok_or_else(no_time)?,
            origin: Origin::Promotion {
                policy: policy.expect("held against the policy in force"),
            },
            key: signed.key,
            stamps,
        });
        self.arrived(environment, signed, promotion.generation);
        Ok(format!(
            "to {environment}, generation {}",
            promotion.generation
        ))
    }

    pub(super) fn roll_back(
        &mut self,
        index: u64,
        signed: &Signed,
        stamps: BTreeSet<TimeStamp>,
        rollback: &Rollback,
    ) -> Result<String, Refusal> {
        let to = self.check_rollback(index, signed, rollback)?.clone();
        let history = self.environments.entry(rollback.environment.clone());
        history.or_default().push(Generation {
            number: rollback.generation,
            index,
            decided: rollback.heading.issued,
            origin: Origin::Rollback {
                to: rollback.to,
                stands: to.stands(),
                by: signed.key,
                stamps,
                trigger: rollback.trigger,
                reason: rollback.reason.clone(),
            },
            ..to
        });
        self.placed |= rollback.size.is_some();
        let (environment, to) = (&rollback.environment, rollback.to);
        self.arrived(environment, signed, rollback.generation);
        Ok(format!(
            "{environment} to generation {to}, {}",
            rollback.trigger.as_str()
        ))
    }

    /// What the command asks of where it goes, as far as the log tells: whoever has a gate's key must
    /// not bring back by a rollback what takes a promotion.
    fn check_rollback(
        &self,
        index: u64,
        signed: &Signed,
        rollback: &Rollback,
    ) -> Result<&Generation, Refusal> {
        let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
        // A rollback that was kept back does not return to what was revoked since it was made.
        if let Some(revoked) = self.revoked_whole(signed.subject) {
            return refuse(Reason::ArtifactRevoked, format!("entry {}", revoked.index));
        }
        // Those of earlier versions do not say after how many entries they were decided.
        match rollback.size {
            None if self.placed => {
                let saw = "it does not say after how many entries".to_owned();
                return refuse(Reason::StatementStale, saw);
            }
            Some(size) if size != index => {
                let saw = format!("entry {index}, decided after {size} entries");
                return refuse(Reason::StatementStale, saw);
            }
            _ => {}
        }
        let Some(history) = self.environments.get(&rollback.environment) else {
            let saw = "nothing was ever there".to_owned();
            return refuse(Reason::PromotionMismatch, saw);
        };
        if rollback.generation != history.next() {
            let saw = format!("{}, {} is next", rollback.generation, history.next());
            return refuse(Reason::GenerationOrder, saw);
        }
        let to = history.generation(rollback.to);
        let Some(to) = to.filter(|generation| generation.artifact == signed.subject) else {
            let saw = "no such generation of this artifact".to_owned();
            return refuse(Reason::PromotionMismatch, saw);
        };
        if !history.may_return_to(to) {
            let saw = format!("generation {}", rollback.to);
            return refuse(Reason::RollbackForward, saw);
        }
        self.check_generation(to)?;
        Ok(to)
    }

    /// The revocation of an artifact, or of all outputs of a build of it by a builder that is known.
    fn revoked_whole(&self, artifact: Digest) -> Option<&RevocationRecord> {
        let builds = self.artifacts.get(&artifact).into_iter();
        let builds = builds.flat_map(|record| &record.builds);
        let known = builds.filter(|build| self.is_builder(build.key));
        let trees = known.filter_map(|build| build.what.tree);
        let mut all = [artifact].into_iter().chain(trees);
        all.find_map(|digest| self.revocation(&Revoked::Artifact(digest)))
    }

    /// What is in an environment does not wait for it any more.
    fn arrived(&mut self, environment: &Name, signed: &Signed, generation: u64) {
        if let Some(waiting) = self.waiting.get_mut(&signed.name) {
            waiting.remove(&(environment.clone(), signed.subject));
            self.touched.insert(Key::Called(signed.name.clone()));
        }
        self.touched.insert(Key::Thing(signed.subject));
        let key = Key::generation(environment, generation);
        self.touched.insert(key);
    }

    /// What SLSA asks of whoever relies on a summary, and that it was made for this very place.
    fn check_promotion(
        &self,
        index: u64,
        signed: &Signed,
        promotion: &Promotion,
    ) -> Result<(), Refusal> {
        let (policy, summary) = (self.policy()?, &promotion.summary);
        let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
        if summary.verifier != policy.release.gate {
            return refuse(Reason::SignerName, format!("{:?}", summary.verifier));
        }
        if policy.release.environment(&promotion.environment).is_none() {
            return refuse(
                Reason::EnvironmentMissing,
                promotion.environment.to_string(),
            );
        }
        if summary.resource != promotion::resource(&promotion.environment, &signed.name) {
            return refuse(Reason::PromotionMismatch, format!("{:?}", summary.resource));
        }
        // Promotions of earlier versions say nothing about that.
        let grounds = summary.grounds.as_ref();
        let elsewhere = grounds.map(|grounds| grounds.environment.as_deref());
        if elsewhere.is_some_and(|elsewhere| elsewhere != Some(promotion.environment.as_str())) {
            return refuse(Reason::PromotionMismatch, format!("{elsewhere:?}"));
        }
        if !summary.passed {
            return refuse(Reason::PromotionFailed, String::new());
        }
        if summary.policy.digest.get_sha256() != Some(policy.digest) {
            return refuse(Reason::PromotionPolicy, policy.digest.short());
        }
        if promotion.size > index {
            let saw = "decided in the future".to_owned();
            return refuse(Reason::StatementMalformed, saw);
        }
        // The gate decides and records with the log held still. What was kept back in between could let in
        // what somebody has spoken against since.
        if promotion.size < index {
            let saw = format!("entry {index}, decided after {} entries", promotion.size);
            return refuse(Reason::PromotionStale, saw);
        }
        Ok(())
    }
}
