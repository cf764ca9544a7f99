//! Statements of people: approvals, authorship, test results, exceptions, policies, and what builders
//! bring.

use std::collections::BTreeSet;

use zwieback_core::attest::bundle::Bundle;
use zwieback_core::attest::digest_set::DigestSet;
use zwieback_core::attest::public_key::PublicKey;
use zwieback_core::attest::resource::ResourceDescriptor;
use zwieback_core::attest::statement::Statement;
use zwieback_core::attest::verified::Artifact;
use zwieback_core::digest::Digest;
use zwieback_core::name::Name;
use zwieback_core::timestamp::Timestamp;

use super::desk::{Desk, subject};
use super::error::StoryError;
use crate::ledger::Recorded;
use crate::log::append::Submission;
use crate::reason::{Reason, Refusal};
use crate::statement::approval::Approval;
use crate::statement::authorship::Authorship;
use crate::statement::break_glass::{BreakGlass, Waivable};
use crate::statement::policy_change::{PolicyChange, PolicyDocuments};
use crate::statement::test_result::TestResult;

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
    /// Which rules.
    pub scope: BTreeSet<Waivable>,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

/// Approves one artifact for one environment.
pub fn approve(desk: &Desk<'_>, wish: &Approve) -> Result<Recorded, StoryError> {
    let state = desk.state()?;
    if state
        .policy()?
        .release
        .environment(&wish.environment)
        .is_none()
    {
        return Err(Refusal::new(Reason::EnvironmentMissing, &wish.environment).into());
    }
    let approval = Approval {
        heading: desk.heading(),
        environment: wish.environment.clone(),
        expires: wish.expires,
        comment: wish.comment.clone(),
    };
    let artifact = &wish.artifact;
    let subject = subject(&state, artifact.sha256, &artifact.name);
    say(desk, &approval.into_statement(subject))
}

/// Makes an exception; it shows everywhere until it ends.
pub fn break_glass(desk: &Desk<'_>, wish: &Exception) -> Result<Recorded, StoryError> {
    let state = desk.state()?;
    let exception = BreakGlass {
        heading: desk.heading(),
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
    say(desk, &exception.into_statement(subject))
}

/// States how the tests of an artifact ended; `suite` is what was run.
pub fn tested(
    desk: &Desk<'_>,
    artifact: &Artifact,
    result: TestResult,
    suite: &ResourceDescriptor,
) -> Result<Recorded, StoryError> {
    let subject = subject(&desk.state()?, artifact.sha256, &artifact.name);
    say(desk, &result.into_statement(subject, suite))
}

/// States who changed a source.
pub fn authored(
    desk: &Desk<'_>,
    source: Digest,
    name: &str,
    authors: BTreeSet<Name>,
) -> Result<Recorded, StoryError> {
    let authorship = Authorship {
        heading: desk.heading(),
        authors,
    };
    let source = ResourceDescriptor::named(name, DigestSet::sha256(source));
    say(desk, &authorship.into_statement(source))
}

/// A keeper's word for a policy.
pub fn propose(desk: &Desk<'_>, documents: PolicyDocuments) -> Result<Recorded, StoryError> {
    let change = PolicyChange {
        heading: desk.heading(),
        documents,
    };
    say(desk, &change.into_statement())
}

/// Puts bundles into the log that others have signed: provenance, rechecks, approvals by mail.
pub fn submit(desk: &Desk<'_>, bundles: &[(Bundle, PublicKey)]) -> Result<u64, StoryError> {
    let submissions = bundles
        .iter()
        .map(|(bundle, key)| Submission::new(bundle, key));
    let submissions: Vec<_> = submissions.collect::<Result<_, _>>()?;
    let appended = desk.ledger.log.append(&submissions, desk.log)?;
    Ok(appended.first)
}

/// Signs and records a statement.
pub fn say(desk: &Desk<'_>, statement: &Statement) -> Result<Recorded, StoryError> {
    Ok(desk.ledger.record(statement, desk.signer, desk.log)?)
}
