//! Promotion: stage, decide, record, switch, check.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::verified::Artifact;
use zwieback_attest::vsa::{REPRODUCED, Summary};
use zwieback_host::keys::signer::seal;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;

use super::error::CommandError;
use super::rollback::{RollBack, RolledBack, leave};
use super::session::{Place, Reader, Session, open_artifact};
use super::standing::{Health, check_health, may_stand};
use super::watch::{is_automatic, is_stuck};
use crate::deploy::copy;
use crate::deploy::health::Unhealthy;
use crate::deploy::settle::settle;
use crate::gate::decision::Decision;
use crate::gate::question::Intent;
use crate::log::append::Submission;
use crate::log::error::LogError;
use crate::reason::Refusal;
use crate::state::folded::State;
use crate::statement::promotion::{Promotion, resource};
use crate::statement::rollback::Trigger;
use crate::tlog::proof::TreeHead;

/// What `promote` takes.
#[derive(Clone, Debug)]
pub struct Promote {
    /// The artifact.
    pub artifact: PathBuf,
    /// Where it is to be used.
    pub environment: Name,
}

/// A decision, and the log that it was made by.
struct Decided {
    head: Option<TreeHead>,
    state: State,
    decision: Decision,
}

/// What came of a promotion.
#[derive(Debug)]
pub struct Promoted {
    /// The decision.
    pub decision: Decision,
    /// The entry that says so.
    pub index: u64,
    /// Whether it works, where there is a command that tells.
    pub health: Result<(), Unhealthy>,
    /// What took its place at once, if it does not work and policy says so.
    pub rolled_back: Option<RolledBack>,
    /// Why nothing took its place, though policy says so: it stays.
    pub stays: Option<Refusal>,
}

/// What would be decided now; nothing is changed (`promote --dry-run`).
pub fn dry_run(reader: &Reader<'_>, wish: &Promote) -> Result<Decision, CommandError> {
    let (_, artifact) = open_artifact(&wish.artifact)?;
    reader.decide(
        &reader.state_about(&artifact)?,
        &artifact,
        &wish.environment,
        Intent::Promote,
    )
}

/// Promotes an artifact, or says why not. What does not work is rolled back where policy says so.
pub fn promote(session: &Session<'_>, wish: &Promote) -> Result<Promoted, CommandError> {
    let (file, artifact) = open_artifact(&wish.artifact)?;
    let place = session.reader.places.get(&wish.environment);
    let (decision, index) = if let Some(place) = place {
        deploy(session, place, &file, &artifact, &wish.environment)?
    } else {
        let (decision, index, _) = record(session, &artifact, &wish.environment, None)?;
        (decision, index)
    };
    let generation = (decision.generation, artifact.sha256);
    let look = |place: &Place| check_health(place, &wish.environment, generation);
    let mut promoted = Promoted {
        health: match place.map_or(Ok(Health::Works), look)? {
            Health::Fails(unhealthy) => Err(unhealthy),
            // What took its place has been looked at by whoever put it there.
            Health::Works | Health::Replaced(_) => Ok(()),
        },
        decision,
        index,
        rolled_back: None,
        stays: None,
    };
    if let Err(unhealthy) = &promoted.health {
        let generation = promoted.decision.generation;
        match take_back(session, &wish.environment, generation, unhealthy) {
            Ok(done) => promoted.rolled_back = done,
            Err(CommandError::Refused(refusal)) if is_stuck(&refusal) => {
                promoted.stays = Some(refusal);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(promoted)
}

/// Deploys the copy that is decided about: staged before the log speaks, switched after.
fn deploy(
    session: &Session<'_>,
    place: &Place,
    file: &File,
    artifact: &Artifact,
    environment: &Name,
) -> Result<(Decision, u64), CommandError> {
    let (_lock, session) = &session.hold_target(place)?;
    let decided = decide(&session.reader, artifact, environment)?;
    catch_up(session, place, &decided.state, environment)?;
    // Nothing is copied for a decision that is a denial already.
    decided.decision.verdict()?;
    let name = &decided.decision.name;
    let staged = place.target.stage(file, artifact.sha256, name)?;
    let (decision, index, state) = match record(session, artifact, environment, Some(decided)) {
        Ok(recorded) => recorded,
        Err(error) => {
            copy::discard(place.target.home(), &staged)?;
            return Err(error);
        }
    };
    let current = state
        .history(environment)
        .and_then(|history| history.current());
    let current = current.expect("the promotion was just folded");
    place.target.deploy(environment, current, &staged)?;
    Ok((decision, index))
}

fn take_back(
    session: &Session<'_>,
    environment: &Name,
    generation: u64,
    unhealthy: &Unhealthy,
) -> Result<Option<RolledBack>, CommandError> {
    // Deploying and looking took their time.
    let session = &session.at_present();
    if !is_automatic(&session.reader.state()?, environment) {
        return Ok(None);
    }
    let wish = RollBack {
        environment: environment.clone(),
        trigger: Trigger::Unhealthy,
        reason: unhealthy.to_string(),
    };
    leave(session, &wish, generation).map(Some)
}

/// What an earlier promotion left undone comes first.
fn catch_up(
    session: &Session<'_>,
    place: &Place,
    known: &State,
    environment: &Name,
) -> Result<(), CommandError> {
    let current = known
        .history(environment)
        .and_then(|history| history.current());
    let deployed = place.target.deployed()?.map(|there| there.generation);
    if current.map(|generation| generation.number) == deployed {
        return Ok(copy::discard_staged(place.target.home())?);
    }
    // Only now all of the history may be needed: any generation may have the bytes.
    let state = session.reader.state()?;
    state.check_settled(environment)?;
    if may_stand(&session.reader, &state, environment)?.is_err() {
        // What takes its place is about to be decided; nothing that may not stand is put there before.
        return Ok(copy::discard_staged(place.target.home())?);
    }
    match state.history(environment) {
        Some(history) => Ok(settle(&place.target, environment, history)?),
        None => Ok(()),
    }
}

/// Decides by the log as it is now.
fn decide(
    reader: &Reader<'_>,
    artifact: &Artifact,
    environment: &Name,
) -> Result<Decided, CommandError> {
    let state = reader.state_about(artifact)?;
    let decision = reader.decide(&state, artifact, environment, Intent::Promote)?;
    Ok(Decided {
        head: reader.ledger.last.head(),
        state,
        decision,
    })
}

impl Decided {
    /// Whether nothing happened since, and no time passed: then the same decision would be made again. The root is
    /// asked for again, as this machine may have met a newer one by another command.
    fn is_current(&self, reader: &Reader<'_>) -> Result<bool, CommandError> {
        let head = reader.ledger.believe(reader.now)?.head();
        reader.check_root(&self.state)?;
        let is_now = self.decision.now == reader.now;
        Ok(is_now && self.head == Some(head) && self.state.size() == head.size)
    }
}

/// Records the decision, with the log held still: no revocation can come in between. What was decided before
/// counts if the log is still the same, and the time.
fn record(
    session: &Session<'_>,
    artifact: &Artifact,
    environment: &Name,
    decided: Option<Decided>,
) -> Result<(Decision, u64, State), CommandError> {
    let (lock, session) = &session.hold_log()?;
    let (reader, ledger) = (&session.reader, session.reader.ledger);
    let decided = match decided {
        Some(decided) if decided.is_current(reader)? => decided,
        _ => decide(reader, artifact, environment)?,
    };
    let Decided {
        state, decision, ..
    } = decided;
    decision.verdict()?;
    state.check_settled(environment)?;
    let promotion = promotion(session, &state, &decision)?;
    let subject =
        ResourceDescriptor::named(decision.name.as_str(), DigestSet::sha256(artifact.sha256));
    let bundle =
        seal(&promotion.into_statement(subject), session.signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, session.signer.public_key())?;
    // The gate's own word must count before it is given: a wrong key is found out here.
    let mut after = state;
    let line = submission.fold_into(&mut after);
    line.outcome?;
    let appended = ledger.append(lock, &[submission], session.log, session.reader.now)?;
    Ok((decision, appended.first, after))
}

fn promotion(
    session: &Session<'_>,
    state: &State,
    decision: &Decision,
) -> Result<Promotion, CommandError> {
    let policy = state.policy()?;
    let input = |digest| ResourceDescriptor {
        digest: DigestSet::sha256(digest),
        ..ResourceDescriptor::default()
    };
    let uri = format!("urn:zwieback:policy:{}", session.reader.ledger.anchor.log);
    let summary = Summary {
        verifier: policy.release.gate.clone(),
        time_verified: Some(session.reader.now),
        resource: resource(&decision.environment, &decision.name),
        policy: ResourceDescriptor::located(uri, DigestSet::sha256(policy.digest)),
        inputs: decision.inputs.iter().copied().map(input).collect(),
        passed: true,
        levels: levels(decision),
        grounds: Some(decision.grounds.clone()),
    };
    Ok(Promotion {
        summary,
        log: session.reader.ledger.anchor.log.clone(),
        log_id: Some(state.log_id()),
        environment: decision.environment.clone(),
        generation: decision.generation,
        size: decision.size,
        version: decision.version.clone(),
        waived: decision.waived(),
    })
}

/// What a promotion says of the builds.
pub(super) fn levels(decision: &Decision) -> BTreeSet<String> {
    let mut levels: BTreeSet<String> = decision.level.iter().map(ToString::to_string).collect();
    if decision.builders >= 2 {
        levels.insert(REPRODUCED.to_owned());
    }
    levels
}
