//! Promotions and rollbacks: the gate's word moves an environment, and only by one step.

use zwieback_core::name::Name;
use zwieback_core::timestamp::Timestamp;

use super::environment::{Generation, Origin};
use super::folded::State;
use super::key::Key;
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
        stamped: Option<Timestamp>,
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
            stamped,
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
        rollback: &Rollback,
    ) -> Result<String, Refusal> {
        let mismatch = |saw: &str| Refusal::new(Reason::PromotionMismatch, saw);
        // A rollback that was kept back does not return to what was revoked since it was made.
        let revoked = self.revocation(&Revoked::Artifact(signed.subject));
        if let Some(revoked) = revoked {
            let saw = format!("entry {}", revoked.index);
            return Err(Refusal::new(Reason::ArtifactRevoked, saw));
        }
        let history = self.environments.get_mut(&rollback.environment);
        let history = history.ok_or_else(|| mismatch("nothing was ever there"))?;
        if rollback.generation != history.next() {
            let saw = format!("{}, {} is next", rollback.generation, history.next());
            return Err(Refusal::new(Reason::GenerationOrder, saw));
        }
        let to = history.generation(rollback.to).cloned();
        let to = to.filter(|it| it.artifact == signed.subject);
        let to = to.ok_or_else(|| mismatch("no such generation of this artifact"))?;
        history.push(Generation {
            number: rollback.generation,
            index,
            decided: rollback.heading.issued,
            origin: Origin::Rollback {
                to: rollback.to,
                trigger: rollback.trigger,
                reason: rollback.reason.clone(),
            },
            ..to
        });
        let (environment, to) = (&rollback.environment, rollback.to);
        self.arrived(environment, signed, rollback.generation);
        Ok(format!(
            "{environment} to generation {to}, {}",
            rollback.trigger.as_str()
        ))
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
        let elsewhere = grounds.map(|it| it.environment.as_deref());
        if elsewhere.is_some_and(|it| it != Some(promotion.environment.as_str())) {
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
