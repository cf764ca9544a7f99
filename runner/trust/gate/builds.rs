//! How the artifact was built: verified by the trust root in force, and held against its rules.

use std::collections::BTreeSet;

use zwieback_attest::grounds::Grounds;
use zwieback_attest::key_id::KeyId;
use zwieback_attest::level::BuildLevel;
use zwieback_attest::policy::decide::{Applicable, Outcome};
use zwieback_attest::policy::question::Question as BuildQuestion;
use zwieback_attest::policy::reproduction::independent_builders;
use zwieback_attest::policy::summary::grounds;
use zwieback_attest::reason as attest;
use zwieback_attest::trust::Trust;
use zwieback_attest::verify::{Request, Verified, verify as verify_build};
use zwieback_model::digest::Digest;

use super::case::Case;
use super::decision::{Rule, SetAside, Waivable};
use super::inputs::{Authored, authored};
use super::needs::{Rest, hint};
use super::question::Intent;
use crate::reason::{Reason, Refusal, Why};
use crate::state::needs::release;

/// The builds that count, and those that do not.
pub(super) struct Builds {
    verified: Vec<Verified>,
    trust: Trust,
    /// How many independent builders agree.
    pub(super) independent: usize,
    /// The artifact's version.
    pub(super) version: Option<String>,
    /// What the artifact is called, by the first of them.
    pub(super) name: Option<String>,
    /// Provenance that is not believed.
    pub(super) set_aside: Vec<SetAside>,
    /// What it was built from.
    rest: Rest,
}

/// Verifies all provenance of the artifact.
pub(super) fn verify(case: &Case<'_>) -> Result<Builds, Refusal> {
    let question = case.question;
    let trust = Trust::Root(Box::new(question.state.root()?));
    let (mut verified, mut set_aside) = (Vec::new(), Vec::new());
    for bundle in question.provenance {
        let request = Request {
            bundle,
            artifacts: std::slice::from_ref(question.artifact),
            trust: &trust,
            foreign: case.policy.builds.policy.foreign(),
            now: question.now,
        };
        match verify_build(&request) {
            Ok(build) => verified.push(build),
            Err(refusal) => set_aside.push(SetAside {
                index: None,
                what: format!("provenance by key {:?}", hint(bundle)),
                why: refusal.into(),
            }),
        }
    }
    let versions = verified
        .iter()
        .filter_map(|build| release(build.provenance()));
    let mut rest = Rest::of(&verified, &trust, case);
    set_aside.append(&mut rest.set_aside);
    let named = verified.first().and_then(|build| build.subjects().first());
    Ok(Builds {
        name: named.cloned(),
        independent: independent_builders(&verified, Some(question.state.people().of_builders())),
        version: versions.map(|(_, version)| version).next(),
        verified,
        trust,
        set_aside,
        rest,
    })
}

impl Builds {
    /// The bundles that counted.
    pub(super) fn inputs(&self) -> BTreeSet<Digest> {
        self.verified.iter().map(Verified::bundle).collect()
    }

    /// The lowest level that is vouched for.
    pub(super) fn level(&self) -> Option<BuildLevel> {
        self.verified.iter().map(Verified::level).min()
    }

    /// Keys that built the artifact, and the names of those who run the builders.
    pub(super) fn makers(&self) -> (BTreeSet<KeyId>, BTreeSet<&str>) {
        let keys = self.verified.iter().map(Verified::key).collect();
        let operators = self.verified.iter().filter_map(Verified::operator);
        (keys, operators.collect())
    }

    /// The sources that have authors.
    pub(super) fn authored(&self) -> Vec<Authored> {
        let builds = self.verified.iter();
        let all = builds.flat_map(|build| authored(build.provenance()));
        let all: BTreeSet<Authored> = all.collect();
        all.into_iter().collect()
    }

    /// Every rule about builds, whichever of the others deny.
    pub(super) fn rules(&self, case: &Case<'_>) -> Vec<Rule> {
        let mut rules = self.presence();
        rules.extend(self.rest.rule());
        rules.extend(expiry(case));
        if self.verified.is_empty() {
            // There is nothing that could be held against the others.
            return rules;
        }
        let question = self.question(case);
        let applied = Applicable::whenever(&question).map(|rules| rules.apply());
        match applied {
            Ok(decision) => {
                let outcomes = decision.outcomes().iter();
                // Age says whether to start with something, not whether to stop using it.
                let asked = |it: &&Outcome| {
                    case.question.intent == Intent::Promote || it.rule != "max-age-days"
                };
                rules.extend(outcomes.filter(asked).map(of_outcome));
            }
            Err(refusal) => {
                let (saw, why) = (refusal.saw().to_owned(), refusal.reason.into());
                rules.push(Rule::new("policy", "a policy about builds", saw, Some(why)));
            }
        }
        rules
    }

    /// What a summary of the decision says besides. The policy was put in force by a quorum of its
    /// keepers, in the log, and ends with the first of its documents.
    pub(super) fn grounds(&self, case: &Case<'_>) -> Grounds {
        let of_builds = grounds(&self.question(case));
        let released = case.policy.release.expires;
        Grounds {
            environment: Some(case.question.environment.to_string()),
            expires: of_builds.expires.min(released),
            policy_expires: of_builds.policy_expires.min(released),
            policy_signed: true,
            build_policy: Some(case.policy.builds.digest),
            builds: of_builds.builds,
        }
    }

    fn question<'b>(&'b self, case: &Case<'b>) -> BuildQuestion<'b> {
        BuildQuestion {
            policy: &case.policy.builds,
            environment: case.policy.build_environment(case.question.environment),
            builds: &self.verified,
            trust: &self.trust,
            known: Some(case.question.state.people().of_builders()),
            rego: case.question.rego,
            now: case.question.now,
        }
    }

    /// Without provenance that is believed, each refusal of another kind is a reason.
    fn presence(&self) -> Vec<Rule> {
        let rule = |saw: String, why: Option<Why>| {
            Rule::new("provenance", "provenance by a trusted builder", saw, why)
        };
        if !self.verified.is_empty() {
            return vec![rule(format!("{} believed", self.verified.len()), None)];
        }
        let mut seen = BTreeSet::new();
        let aside = self.set_aside.iter();
        let aside = aside.filter(|aside| seen.insert(aside.why.reason));
        let refusal = |aside: &SetAside| rule(aside.why.to_string(), Some(aside.why.reason));
        let mut refused: Vec<Rule> = aside.map(refusal).collect();
        if refused.is_empty() {
            let missing = Reason::ProvenanceMissing.into();
            refused.push(rule("none".to_owned(), Some(missing)));
        }
        refused
    }
}

/// A policy about builds that is over denies; what it asks for is asked for all the same.
fn expiry(case: &Case<'_>) -> Option<Rule> {
    let (expires, now) = (case.policy.builds.policy.expires(), case.question.now);
    let asked = format!("a time before {expires}");
    let over = attest::Reason::PolicyExpired.into();
    (now >= expires).then(|| Rule::new("builds.expires", asked, now.to_string(), Some(over)))
}

fn of_outcome(outcome: &Outcome) -> Rule {
    let name = format!("builds.{}", outcome.rule);
    let denied = outcome.denied.map(Why::from);
    let rule = Rule::new(name, &*outcome.asked, outcome.saw.as_str(), denied);
    rule.waivable(outcome.denied.map_or(Waivable::Never, waivable))
}

/// Whose exception lets a rule about builds pass, by what it found. How many have built something, and
/// when, is a matter of time; how and from what is the very thing that the policy is about. A rule that
/// is not named here is waived by nobody.
fn waivable(found: attest::Reason) -> Waivable {
    use attest::Reason as Found;
    match found {
        Found::BuildersTooFew | Found::TooOld => Waivable::ByOne,
        Found::LevelTooLow
        | Found::ProfileTooWeak
        | Found::FactorState
        | Found::LockState
        | Found::SourceNotAllowed
        | Found::ToolchainNotAllowed
        | Found::SecretNotAllowed
        | Found::RegoDenied => Waivable::ByQuorum,
        _ => Waivable::Never,
    }
}
