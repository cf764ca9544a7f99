//! The decision. All rules are applied even after one has denied, so that all can be shown; whether
//! something must not stay is asked first.

use zwieback_model::name::Name;

use super::builds::{self, Builds};
use super::case::Case;
use super::decision::{Decision, Rule};
use super::exceptions;
use super::question::{Intent, Question};
use super::{approvals, history, stay};
use crate::reason::{Reason, Refusal};
use crate::state::environment::History;

/// Decides. Nothing is decided where no policy is in force, or none that knows the environment.
pub fn decide(question: &Question<'_>) -> Result<Decision, Refusal> {
    let policy = question.state.policy()?;
    let name = question.environment;
    let missing = || Refusal::new(Reason::EnvironmentMissing, name);
    let (environment, before) = policy.release.environment(name).ok_or_else(missing)?;
    let case = Case {
        question,
        policy,
        environment,
        before,
    };
    let builds = builds::verify(&case)?;
    let mut decision = case.outline(&builds);
    decision.rules.extend(stay::rules(question));
    decision.rules.push(case.expiry());
    decision.rules.extend(builds.rules(&case));
    if question.intent == Intent::Promote {
        approvals::apply(&case, &builds, &mut decision);
        decision.rules.extend(history::rules(&case, &builds));
    }
    exceptions::apply(&case, &mut decision);
    Ok(decision)
}

impl Case<'_> {
    fn outline(&self, builds: &Builds) -> Decision {
        let question = self.question;
        let history = question.state.history(question.environment);
        Decision {
            artifact: question.artifact.sha256,
            name: self.name(builds).to_owned(),
            version: builds.version.clone(),
            environment: question.environment.clone(),
            policy: self.policy.digest,
            size: question.state.size(),
            generation: history.map_or(1, History::next),
            now: question.now,
            rules: Vec::new(),
            set_aside: builds.set_aside.clone(),
            inputs: builds.inputs(),
            level: builds.level(),
            builders: builds.independent,
            grounds: builds.grounds(self),
        }
    }

    /// What its builders call the artifact; while none is believed, what the log or else the user does.
    pub(super) fn name<'b>(&'b self, builds: &'b Builds) -> &'b str {
        let artifact = self.question.artifact;
        if let Some(name) = &builds.name {
            return name;
        }
        match self.question.state.artifact(artifact.sha256) {
            Some(record) => &record.name,
            None => artifact.plain_name(),
        }
    }

    /// The other environment, where there is one before this.
    pub(super) fn before(&self) -> Option<&Name> {
        self.before.map(|before| &before.name)
    }

    fn expiry(&self) -> Rule {
        let (expires, now) = (self.policy.release.expires, self.question.now);
        let denied = (now >= expires).then_some(Reason::ReleasePolicyExpired.into());
        Rule::new(
            "expires",
            format!("a time before {expires}"),
            now.to_string(),
            denied,
        )
    }
}
