//! Statements of people: approvals, authorship, test results, exceptions, policies, and what builders
//! bring.
//!
//! Each is made first and said then, so that a person without a way to the log can sign at home and
//! have it submitted. What would count for nothing is refused: a log that took it would acknowledge it.

use std::collections::BTreeSet;

use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::verified::Artifact;
use zwieback_host::keys::signer::{Signer, seal};
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::desk::{Desk, Reader, subject};
use super::error::StoryError;
use crate::gate::exceptions;
use crate::gate::in_force::PolicyInForce;
use crate::gate::question::Intent;
use crate::log::append::Submission;
use crate::log::error::LogError;
use crate::reason::{Reason, Refusal};
use crate::state::folded::State;
use crate::state::record::{ArtifactRecord, Line, Unrecorded};
use crate::statement::approval::Approval;
use crate::statement::authorship::Authorship;
use crate::statement::break_glass::BreakGlass;
use crate::statement::policy_change::{PolicyChange, PolicyDocuments};
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
pub fn approval(reader: &Reader<'_>, wish: &Approve) -> Result<Statement, StoryError> {
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
pub fn exception(reader: &Reader<'_>, wish: &Exception) -> Result<Statement, StoryError> {
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
) -> Result<Statement, StoryError> {
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
) -> Result<Statement, StoryError> {
    let authorship = Authorship {
        heading: reader.heading()?,
        authors,
        withdrawn,
    };
    let source = ResourceDescriptor::named(name, DigestSet::sha256(source));
    Ok(authorship.into_statement(source))
}

/// A keeper's word for a policy. The log takes a Rego module unseen, so its keeper looks first.
pub fn proposal(reader: &Reader<'_>, documents: PolicyDocuments) -> Result<Statement, StoryError> {
    let malformed =
        |error: &dyn std::fmt::Display| Refusal::new(Reason::ReleasePolicyMalformed, error);
    let proposed = PolicyInForce::again(&documents)?;
    proposed.check_environments()?;
    let looked = proposed.builds.policy.check_modules(reader.rego);
    looked.map_err(|it| malformed(&it))?;
    let change = PolicyChange {
        heading: reader.heading()?,
        documents,
    };
    Ok(change.into_statement())
}

/// Signs a statement for someone else to submit; what it would change in the log as it is now.
pub fn sign(
    reader: &Reader<'_>,
    statement: &Statement,
    signer: &dyn Signer,
) -> Result<(Bundle, Unrecorded), StoryError> {
    let bundle = seal(statement, signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, signer.public_key())?;
    let line = weigh(reader, &submission)?;
    Ok((bundle, Unrecorded::new(line)))
}

/// Signs and records a statement.
pub fn say(desk: &Desk<'_>, statement: &Statement) -> Result<Line, StoryError> {
    let bundle = seal(statement, desk.signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, desk.signer.public_key())?;
    let ledger = desk.reader.ledger;
    let lock = ledger.log.lock()?;
    let line = weigh(&desk.reader, &submission)?;
    ledger.append(&lock, &[submission], desk.log, desk.reader.now)?;
    drop(lock);
    Ok(line)
}

/// Puts bundles into the log, all or none: provenance, rechecks, approvals by mail. The log's key signs.
pub fn submit(
    reader: &Reader<'_>,
    signer: &dyn Signer,
    bundles: &[(Bundle, PublicKey)],
) -> Result<Vec<Line>, StoryError> {
    let submissions = bundles
        .iter()
        .map(|(bundle, key)| Submission::new(bundle, key));
    let submissions: Vec<_> = submissions.collect::<Result<_, _>>()?;
    let ledger = reader.ledger;
    let lock = ledger.log.lock()?;
    let mut state = reader.state()?;
    let fold = |submission: &Submission| fold(submission, &mut state);
    let lines = submissions.iter().map(fold).collect::<Result<_, _>>()?;
    ledger.append(&lock, &submissions, signer, reader.now)?;
    drop(lock);
    Ok(lines)
}

/// What a statement would change, if it counts; approvals and exceptions must count where they are for.
fn weigh(reader: &Reader<'_>, submission: &Submission) -> Result<Line, StoryError> {
    let mut state = reader.state()?;
    let line = fold(submission, &mut state)?;
    match objection(reader, &state, &line)? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(line),
    }
}

fn fold(submission: &Submission, state: &mut State) -> Result<Line, StoryError> {
    let line = submission.fold_into(state);
    match &line.outcome {
        Ok(_) => Ok(line),
        Err(refusal) => Err(refusal.clone().into()),
    }
}

/// Why the gate would set the newest entry aside, if it is an approval or an exception.
fn objection(
    reader: &Reader<'_>,
    state: &State,
    line: &Line,
) -> Result<Option<Refusal>, StoryError> {
    let Some((sha256, record)) = line.digest.and_then(|it| Some((it, state.artifact(it)?))) else {
        return Ok(None);
    };
    let newest = record.exceptions.last().filter(|it| it.index == line.index);
    if let Some(exception) = newest {
        if let Err(refusal) = exceptions::check(state, sha256, exception, reader.now) {
            return Ok(Some(refusal));
        }
        let (artifact, place) = (named(sha256, record), &exception.what.environment);
        let decision = reader.decide(state, &artifact, place, Intent::Promote)?;
        return Ok(exceptions::misnamed(&exception.what, &decision));
    }
    let newest = record.approvals.last().filter(|it| it.index == line.index);
    let Some(approval) = newest else {
        return Ok(None);
    };
    let artifact = named(sha256, record);
    let environment = &approval.what.environment;
    let decision = reader.decide(state, &artifact, environment, Intent::Promote)?;
    let mut aside = decision.set_aside.into_iter().map(|it| (it.index, it.why));
    // A second word of the same person is none too many: the first one may expire before it.
    let counts = |why: &Refusal| why.reason == Reason::PersonCounted.into();
    let found = aside.find(|(index, why)| *index == Some(line.index) && !counts(why));
    Ok(found.map(|(_, why)| why))
}

fn named(sha256: Digest, record: &ArtifactRecord) -> Artifact {
    Artifact {
        name: record.name.clone(),
        sha256,
        blake3: None,
    }
}
