//! Putting statements into the log: signed here, or brought by others.
//!
//! What would count for nothing is refused: a log that took it would acknowledge it.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::statement::Statement;
use zwieback_attest::verified::Artifact;
use zwieback_host::keys::signer::{Signer, seal};
use zwieback_model::digest::Digest;

use super::error::CommandError;
use super::session::{Reader, Session};
use crate::gate::exceptions;
use crate::gate::question::Intent;
use crate::log::append::Submission;
use crate::log::error::LogError;
use crate::reason::{Reason, Refusal};
use crate::state::folded::State;
use crate::state::record::{ArtifactRecord, Line, Unrecorded};

/// Signs a statement for someone else to submit; what it would change in the log as it is now.
pub fn sign(
    reader: &Reader<'_>,
    statement: &Statement,
    signer: &dyn Signer,
) -> Result<(Bundle, Unrecorded), CommandError> {
    let bundle = seal(statement, signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, signer.public_key())?;
    let line = check(reader, &submission)?;
    Ok((bundle, Unrecorded::new(line)))
}

/// Signs and records a statement.
pub fn record(session: &Session<'_>, statement: &Statement) -> Result<Line, CommandError> {
    let bundle = seal(statement, session.signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, session.signer.public_key())?;
    let (lock, reader) = session.reader.hold_log()?;
    let line = check(&reader, &submission)?;
    let ledger = reader.ledger;
    ledger.append(&lock, &[submission], session.log, reader.now)?;
    drop(lock);
    Ok(line)
}

/// Puts bundles into the log, all or none: provenance, rechecks, approvals by mail. The log's key signs.
pub fn submit(
    reader: &Reader<'_>,
    signer: &dyn Signer,
    bundles: &[(Bundle, PublicKey)],
) -> Result<Vec<Line>, CommandError> {
    let submissions = bundles
        .iter()
        .map(|(bundle, key)| Submission::new(bundle, key));
    let submissions: Vec<_> = submissions.collect::<Result<_, _>>()?;
    let (lock, reader) = reader.hold_log()?;
    let ledger = reader.ledger;
    let mut state = reader.state()?;
    let fold = |submission: &Submission| fold(submission, &mut state);
    let lines = submissions.iter().map(fold).collect::<Result<_, _>>()?;
    ledger.append(&lock, &submissions, signer, reader.now)?;
    drop(lock);
    Ok(lines)
}

/// What a statement would change, if it counts; approvals and exceptions must count where they are for.
fn check(reader: &Reader<'_>, submission: &Submission) -> Result<Line, CommandError> {
    let mut state = reader.state()?;
    let line = fold(submission, &mut state)?;
    match objection(reader, &state, &line)? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(line),
    }
}

fn fold(submission: &Submission, state: &mut State) -> Result<Line, CommandError> {
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
) -> Result<Option<Refusal>, CommandError> {
    let Some((sha256, record)) = line
        .digest
        .and_then(|digest| Some((digest, state.artifact(digest)?)))
    else {
        return Ok(None);
    };
    let newest = record
        .exceptions
        .last()
        .filter(|exception| exception.index == line.index);
    if let Some(exception) = newest {
        if let Err(refusal) = exceptions::check(state, sha256, exception, reader.now) {
            return Ok(Some(refusal));
        }
        let (artifact, place) = (named(sha256, record), &exception.what.environment);
        let decision = reader.decide(state, &artifact, place, Intent::Promote)?;
        return Ok(exceptions::misnamed(&exception.what, &decision));
    }
    let newest = record
        .approvals
        .last()
        .filter(|approval| approval.index == line.index);
    let Some(approval) = newest else {
        return Ok(None);
    };
    let artifact = named(sha256, record);
    let environment = &approval.what.environment;
    let decision = reader.decide(state, &artifact, environment, Intent::Promote)?;
    let mut aside = decision
        .set_aside
        .into_iter()
        .map(|aside| (aside.index, aside.why));
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
