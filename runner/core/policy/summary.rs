//! Verification summaries: made from a decision that passed, and believed under conditions.

use std::collections::BTreeSet;

use super::decide::decide;
use super::question::Question;
use super::reproduction::independent_builders;
use crate::attest::bundle::Bundle;
use crate::attest::digest_set::DigestSet;
use crate::attest::level::BuildLevel;
use crate::attest::public_key::PublicKey;
use crate::attest::reason::{Reason, Refusal};
use crate::attest::resource::ResourceDescriptor;
use crate::attest::statement::Statement;
use crate::attest::trust::Trust;
use crate::attest::trust_root::VerifierKey;
use crate::attest::verified::{Artifact, VerifiedEnvelope, VerifiedStatement};
use crate::attest::verify::Verified;
use crate::attest::vsa::{PREDICATE_TYPE, REPRODUCED, Summary};
use crate::digest::Digest;
use crate::timestamp::Timestamp;

/// Who says it, about what, by which policy.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// The verifier's URI.
    pub id: &'a str,
    /// What the artifacts are, for whoever will use them.
    pub resource: &'a str,
    /// Where the policy stands; its digest is added.
    pub policy_uri: &'a str,
}

/// What must be true of a summary before it is believed.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// The keys that may sign summaries, each with the one verifier it speaks for.
    pub verifiers: &'a [VerifierKey],
    /// What the artifacts must be.
    pub resource: &'a str,
    /// The level that is needed.
    pub level: BuildLevel,
    /// Properties that are needed besides, such as `SLSA_BUILD_REPRODUCED`.
    pub properties: &'a [String],
    /// The policy that must have been used, where it matters which.
    pub policy: Option<Digest>,
    /// How old a summary may be, in seconds: it knows nothing of later revocations.
    pub max_age: Option<i64>,
    /// What the clock shows.
    pub now: Timestamp,
}

/// Decides, and states a decision that passed. A denial has no summary.
///
/// `SLSA_BUILD_REPRODUCED` is named only when a trust root knows the builders of at least two
/// provenances as run by different operators, and they agree.
pub fn summarize(
    question: &Question<'_>,
    artifacts: &[Artifact],
    verifier: Verifier<'_>,
) -> Result<Statement, Refusal> {
    decide(question)?.verdict()?;
    let levels = question.builds.iter().map(Verified::level).min();
    let mut levels: BTreeSet<String> = levels.iter().map(ToString::to_string).collect();
    let is_root = matches!(question.trust, Trust::Root(_));
    if is_root && independent_builders(question.builds, question.trust) >= 2 {
        levels.insert(REPRODUCED.to_owned());
    }
    let input = |build: &Verified| ResourceDescriptor {
        digest: DigestSet::sha256(build.bundle()),
        ..ResourceDescriptor::default()
    };
    let policy = DigestSet::sha256(question.policy.digest);
    let summary = Summary {
        verifier: verifier.id.to_owned(),
        time_verified: Some(question.now),
        resource: verifier.resource.to_owned(),
        policy: ResourceDescriptor::located(verifier.policy_uri, policy),
        inputs: question.builds.iter().map(input).collect(),
        passed: true,
        levels,
    };
    let subject =
        |it: &Artifact| ResourceDescriptor::named(it.name.as_str(), DigestSet::sha256(it.sha256));
    Ok(summary.into_statement(artifacts.iter().map(subject).collect()))
}

/// Believes a summary in the order of SLSA's "verifying VSAs", or says why not.
pub fn believe(
    bundle: &[u8],
    artifacts: &[Artifact],
    conditions: &Conditions<'_>,
) -> Result<Summary, Refusal> {
    let bundle = Bundle::parse(bundle)?;
    let keys: Vec<&PublicKey> = conditions.verifiers.iter().map(|it| &it.key).collect();
    let statement = VerifiedStatement::of(&VerifiedEnvelope::of(&bundle, &keys)?)?;
    if artifacts.is_empty() {
        return Err(Refusal::new(Reason::ArtifactMissing, ""));
    }
    for artifact in artifacts {
        statement.match_artifact(artifact)?;
    }
    let (kind, predicate) = (
        &statement.statement().predicate_type,
        &statement.statement().predicate,
    );
    if kind != PREDICATE_TYPE {
        return Err(Refusal::new(Reason::PredicateType, format!("{kind:?}")));
    }
    let summary = Summary::read(predicate)?;
    let mut pairs = conditions.verifiers.iter();
    if !pairs.any(|it| it.key.id() == statement.key() && it.verifier == summary.verifier) {
        let saw = format!("{:?}", summary.verifier);
        return Err(Refusal::new(Reason::VerifierUntrusted, saw));
    }
    check(&summary, conditions)?;
    Ok(summary)
}

fn check(summary: &Summary, conditions: &Conditions<'_>) -> Result<(), Refusal> {
    let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
    if summary.resource != conditions.resource {
        return refuse(Reason::SummaryResource, format!("{:?}", summary.resource));
    }
    if !summary.passed {
        return refuse(Reason::SummaryFailed, String::new());
    }
    let has_level = (u8::from(conditions.level)..=3)
        .filter_map(|number| BuildLevel::try_from(number).ok())
        .any(|level| summary.levels.contains(&level.to_string()));
    let mut needed = conditions.properties.iter();
    if !has_level || !needed.all(|property| summary.levels.contains(property)) {
        return refuse(Reason::SummaryLevel, format!("{:?}", summary.levels));
    }
    let policy = summary.policy.digest.get_sha256();
    if conditions.policy.is_some_and(|asked| policy != Some(asked)) {
        return refuse(Reason::SummaryPolicy, format!("{policy:?}"));
    }
    let age = summary
        .time_verified
        .map(|time| conditions.now.seconds_since(time));
    let fresh = |max: i64| age.is_some_and(|age| (-300..=max).contains(&age));
    if !conditions.max_age.is_none_or(fresh) {
        return refuse(
            Reason::SummaryTooOld,
            format!("{:?}", summary.time_verified),
        );
    }
    Ok(())
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
