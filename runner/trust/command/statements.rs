//! Statements of people: approvals, authorship, test results, exceptions and policies.
//!
//! Each is made first and submitted then, so that a person without a way to the log can sign at home and
//! have it submitted.

use std::collections::BTreeSet;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::verified::Artifact;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::error::CommandError;
use super::session::{Reader, subject};
use crate::gate::inputs::authored;
use crate::policy::in_force::PolicyInForce;
use crate::reason::{Reason, Refusal};
use crate::statement::approval::Approval;
use crate::statement::authorship::Authorship;
use crate::statement::break_glass::BreakGlass;
use crate::statement::policy_change::{PolicyChange, PolicyDocuments};
use crate::statement::said::{Check, Reading, Said};
use crate::statement::test_result::{TestReport, TestResult};

/// What `approve` takes.
#[derive(Clone, Debug)]
pub struct Approve {
    /// The artifact.
    pub artifact: Artifact,
    /// For which environment.
    pub environment: Name,
    /// From when on it counts no more.
    pub expires: Timestamp,
    /// What there is to say.
    pub comment: Option<String>,
}

/// What `break-glass` takes.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The artifact.
    pub artifact: Artifact,
    /// In which environment.
    pub environment: Name,
    /// Which rules, by their whole names.
    pub scope: BTreeSet<String>,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

/// The approval of one artifact for one environment.
pub fn approval(reader: &Reader<'_>, wish: &Approve) -> Result<Statement, CommandError> {
    let state = reader.state()?;
    let policy = &state.policy()?.release;
    if policy.environment(&wish.environment).is_none() {
        return Err(Refusal::new(Reason::EnvironmentMissing, &wish.environment).into());
    }
    let approval = Approval {
        heading: reader.heading()?,
        environment: wish.environment.clone(),
        expires: wish.expires,
        comment: wish.comment.clone(),
    };
    let artifact = &wish.artifact;
    let subject = subject(&state, artifact.sha256, &artifact.name);
    Ok(approval.into_statement(subject))
}

/// An exception; it shows everywhere until it ends.
pub fn exception(reader: &Reader<'_>, wish: &Exception) -> Result<Statement, CommandError> {
    let state = reader.state()?;
    let exception = BreakGlass {
        heading: reader.heading()?,
        environment: wish.environment.clone(),
        scope: wish.scope.clone(),
        reason: wish.reason.clone(),
        expires: wish.expires,
    };
    if exception.reason.trim().is_empty() || exception.scope.is_empty() {
        return Err(Refusal::new(Reason::ExceptionIncomplete, "no reason or no scope").into());
    }
    let artifact = &wish.artifact;
    let subject = subject(&state, artifact.sha256, &artifact.name);
    Ok(exception.into_statement(subject))
}

/// How the tests of an artifact ended; `suite` is what was run.
pub fn test_result(
    reader: &Reader<'_>,
    artifact: &Artifact,
    result: TestResult,
    suite: &ResourceDescriptor,
) -> Result<Statement, CommandError> {
    let state = reader.state()?;
    let subject = subject(&state, artifact.sha256, &artifact.name);
    let report = TestReport {
        result,
        heading: Some(reader.heading()?),
        size: state.size(),
    };
    Ok(report.into_statement(subject, suite))
}

/// Who changed a source, and who after all did not.
pub fn authorship(
    reader: &Reader<'_>,
    source: Digest,
    name: &str,
    (authors, withdrawn): (BTreeSet<Name>, BTreeSet<Name>),
) -> Result<Statement, CommandError> {
    let authorship = Authorship {
        heading: reader.heading()?,
        authors,
        withdrawn,
    };
    let source = ResourceDescriptor::named(name, DigestSet::sha256(source));
    Ok(authorship.into_statement(source))
}

/// What it means that somebody changed something, by the builds in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// A source of some build, or a part of one: they do not approve what is built from it.
    Source,
    /// No build has used it so far.
    Unseen,
    /// Builds have used it for their tools, or took it from other recipes: it keeps nobody from approving.
    Nothing,
}

/// What it means that somebody changed something.
pub fn bearing(reader: &Reader<'_>, changed: Digest) -> Result<Bearing, CommandError> {
    let state = reader.state()?;
    let builds = state.artifacts().values().flat_map(|record| &record.builds);
    let using = builds.filter(|build| build.what.inputs.contains_key(&changed));
    let using: BTreeSet<u64> = using.map(|build| build.index).collect();
    if using.is_empty() {
        return Ok(Bearing::Unseen);
    }
    let log = reader.ledger.believe(reader.now)?;
    for index in using {
        let Reading::Said(signed) = log.record(index)?.read(Check::Digest) else {
            continue;
        };
        if let Said::Built(provenance) = &signed.said
            && authored(provenance).any(|source| source.digest == changed)
        {
            return Ok(Bearing::Source);
        }
    }
    Ok(Bearing::Nothing)
}

/// A keeper's word for a policy. The log takes a Rego module unseen, so its keeper looks first.
pub fn proposal(
    reader: &Reader<'_>,
    documents: PolicyDocuments,
) -> Result<Statement, CommandError> {
    let malformed =
        |error: &dyn std::fmt::Display| Refusal::new(Reason::ReleasePolicyMalformed, error);
    let proposed = PolicyInForce::recorded(&documents)?;
    proposed.check_environments()?;
    check_people(reader, &proposed)?;
    let looked = proposed.builds.policy.check_modules(reader.rego);
    looked.map_err(|error| malformed(&error))?;
    let change = PolicyChange {
        heading: reader.heading()?,
        documents,
    };
    Ok(change.into_statement())
}

/// Whether there are as many different people as each rule asks for, by all policies so far. The log takes a
/// policy whose approvals nobody can give: its keepers may change it again.
fn check_people(reader: &Reader<'_>, proposed: &PolicyInForce) -> Result<(), CommandError> {
    let people = reader.state()?.people().with(proposed);
    let release = &proposed.release;
    let approvals = release.environments.iter();
    let approvals = approvals.flat_map(|environment| &environment.approvals);
    let asked = approvals.map(|(role, count)| (role, *count));
    for (role, count) in asked.chain([(&release.change.role, release.change.count)]) {
        people.check(&release.people, role, count)?;
    }
    Ok(())
}
