//! Verification summaries: made from a decision that passed, and believed under conditions.

use std::collections::BTreeSet;

use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;
use zwieback_model::timestamp::{SKEW, Timestamp};

use super::decide::{decide, too_old_from};
use super::question::Question;
use super::reproduction::{Maker, independent, independent_builders};
use super::signed::KnownPolicy;
use crate::bundle::Bundle;
use crate::grounds::{Grounds, SummarizedBuild};
use crate::level::BuildLevel;
use crate::public_key::PublicKey;
use crate::reason::{Reason, Refusal};
use crate::resource::ResourceDescriptor;
use crate::signing_time::SigningTime;
use crate::statement::Statement;
use crate::trust::Trust;
use crate::trust_root::TrustRoot;
use crate::verified::{Artifact, VerifiedEnvelope, VerifiedStatement};
use crate::verify::Verified;
use crate::vsa::{PREDICATE_TYPE, REPRODUCED, Summary};

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
    /// Whose keys sign summaries, and who built what they are about.
    pub root: &'a TrustRoot,
    /// What the artifacts must be.
    pub resource: &'a str,
    /// Where they are to be used.
    pub environment: Option<&'a Name>,
    /// The level that is needed.
    pub level: BuildLevel,
    /// Properties that are needed besides, such as `SLSA_BUILD_REPRODUCED`.
    pub properties: &'a [String],
    /// The policy that must have been used, where it matters which.
    pub policy: Option<&'a KnownPolicy>,
    /// Whether a policy that nobody signed is enough.
    pub unsigned_policy: bool,
    /// How old a summary may be, in seconds: it knows nothing of later revocations in a log.
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
    if is_root && independent_builders(question.builds, question.known) >= 2 {
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
        grounds: Some(grounds(question)),
    };
    let subject =
        |it: &Artifact| ResourceDescriptor::named(it.name.as_str(), DigestSet::sha256(it.sha256));
    Ok(summary.into_statement(artifacts.iter().map(subject).collect()))
}

/// Believes a summary in the order of SLSA's "verifying VSAs", or says why not. Its statement is for
/// whoever holds a folder against it: no file need be at hand.
pub fn believe(
    bundle: &[u8],
    artifacts: &[Artifact],
    conditions: &Conditions<'_>,
) -> Result<(Summary, Statement), Refusal> {
    let bundle = Bundle::parse(bundle)?;
    let verifiers = conditions.root.verifiers(conditions.now)?;
    let keys: Vec<&PublicKey> = verifiers.iter().map(|verifier| &verifier.key).collect();
    let statement = VerifiedStatement::of(&VerifiedEnvelope::of(&bundle, &keys)?)?;
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
    let mut pairs = verifiers.iter();
    if !pairs.any(|pair| pair.key.id() == statement.key() && pair.verifier == summary.verifier) {
        let saw = format!("{:?}", summary.verifier);
        return Err(Refusal::new(Reason::VerifierUntrusted, saw));
    }
    check(&summary, conditions)?;
    judge(&summary, conditions)?;
    Ok((summary, statement.statement().clone()))
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
    // A gate's policy is more than the one about builds, which it names besides.
    let policy = summary.policy.digest.get_sha256();
    let of_builds = summary
        .grounds
        .as_ref()
        .and_then(|grounds| grounds.build_policy);
    let used = of_builds.or(policy);
    let asked = conditions.policy.map(|policy| policy.digest);
    if asked.is_some_and(|asked| used != Some(asked)) {
        let used = used.map_or("none".to_owned(), Digest::to_hex);
        return refuse(Reason::SummaryPolicy, used);
    }
    // One without a time, or from the future, has no age at all.
    let age = summary
        .time_verified
        .map(|time| conditions.now.seconds_since(time));
    let oldest = conditions.max_age.unwrap_or(i64::MAX);
    if !age.is_some_and(|age| (-SKEW..=oldest).contains(&age)) {
        return refuse(
            Reason::SummaryTooOld,
            format!("{:?}", summary.time_verified),
        );
    }
    Ok(())
}

/// Judges a summary like the builds it stands for: by the policy's time, and by the trust root of now.
fn judge(summary: &Summary, conditions: &Conditions<'_>) -> Result<(), Refusal> {
    let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
    let Some(grounds) = &summary.grounds else {
        let saw = "an older one, or another verifier's: verify the builds";
        return refuse(Reason::SummaryIncomplete, saw.to_owned());
    };
    let asked = conditions.environment.map(Name::as_str);
    if grounds.environment.as_deref() != asked {
        let named = |it: Option<&str>| it.map_or("none".to_owned(), |it| format!("{it:?}"));
        let (of, asked) = (named(grounds.environment.as_deref()), named(asked));
        return refuse(
            Reason::SummaryEnvironment,
            format!("of {of}, {asked} is asked for"),
        );
    }
    if !grounds.policy_signed && !conditions.unsigned_policy {
        let saw = "the summary rests on a text that nobody signed: --unsigned-policy takes it";
        return refuse(Reason::PolicySignatures, saw.to_owned());
    }
    let now = conditions.now;
    let since = |expiry: Timestamp| format!("since {expiry}, it is {now}");
    let known = conditions.policy.map(|policy| policy.policy.expires());
    for expiry in [Some(grounds.policy_expires), known].into_iter().flatten() {
        if now >= expiry {
            return refuse(Reason::PolicyExpired, since(expiry));
        }
    }
    if now >= grounds.expires {
        return refuse(Reason::SummaryExpired, since(grounds.expires));
    }
    judge_builds(summary, &grounds.builds, conditions)
}

/// Every builder must still be believed, for as much as is needed.
fn judge_builds(
    summary: &Summary,
    builds: &[SummarizedBuild],
    conditions: &Conditions<'_>,
) -> Result<(), Refusal> {
    let mut makers = Vec::new();
    for build in builds {
        let mut inputs = summary.inputs.iter();
        if !inputs.any(|input| input.digest.get_sha256() == Some(build.bundle)) {
            let saw = format!("the bundle {} is no input of it", build.bundle);
            return Err(Refusal::new(Reason::SummaryIncomplete, saw));
        }
        let time = SigningTime {
            now: conditions.now,
            stamped: build.stamped,
        };
        let key = conditions.root.builder_key(build.key)?;
        let entry = conditions.root.entry(key, &build.builder, time)?;
        if entry.level < conditions.level {
            let saw = format!("{:?} has {} now", build.builder, entry.level);
            return Err(Refusal::new(Reason::SummaryLevel, saw));
        }
        makers.push(Maker {
            operator: entry.named_operator(),
            key,
        });
    }
    if builds.is_empty() {
        return Err(Refusal::new(Reason::SummaryIncomplete, "it names no build"));
    }
    let reproduced = independent(&makers, None) >= 2;
    if !reproduced
        && conditions
            .properties
            .iter()
            .any(|property| property == REPRODUCED)
    {
        let saw = format!("{REPRODUCED} by one operator");
        return Err(Refusal::new(Reason::SummaryLevel, saw));
    }
    Ok(())
}

/// What a decision about builds rests on. It holds until the first of its grounds is gone by the clock alone.
pub fn grounds(question: &Question<'_>) -> Grounds {
    let policy = question.policy;
    let policy_expires = policy.policy.expires();
    let mut expires = policy_expires;
    if let Trust::Root(root) = question.trust {
        expires = expires.min(root.expires);
    }
    let rules = policy.policy.rules(question.environment);
    if let Some(days) = rules.and_then(|rules| rules.max_age_days) {
        let builds = question.builds.iter();
        expires = expires.min(
            builds
                .filter_map(|build| too_old_from(build, days))
                .min()
                .unwrap_or(expires),
        );
    }
    let build = |build: &Verified| SummarizedBuild {
        builder: build.provenance().builder.id.clone(),
        key: build.key().name(),
        bundle: build.bundle(),
        stamped: build.time().stamped,
    };
    Grounds {
        environment: question.environment.map(ToString::to_string),
        expires,
        policy_expires,
        policy_signed: policy.is_signed,
        build_policy: None,
        builds: question.builds.iter().map(build).collect(),
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
