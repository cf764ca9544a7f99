//! Promotion: stage, decide, say, switch, look.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::verified::Artifact;
use zwieback_attest::vsa::{REPRODUCED, Summary};
use zwieback_host::keys::signer::seal;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;

use super::desk::{Desk, Place, Reader, open_artifact};
use super::error::StoryError;
use super::rollback::{RollBack, RolledBack, leave};
use super::standing::{check_health, may_stand};
use super::watch::{is_automatic, is_stuck};
use crate::gate::decision::Decision;
use crate::gate::question::Intent;
use crate::log::append::Submission;
use crate::log::error::LogError;
use crate::reason::Refusal;
use crate::state::folded::State;
use crate::statement::promotion::{Promotion, resource};
use crate::statement::rollback::Trigger;
use crate::target::copy;
use crate::target::health::Unhealthy;
use crate::target::settle::settle;
use crate::target::staged::Staged;

/// What `promote` takes.
#[derive(Clone, Debug)]
pub struct Promote {
    /// The artifact.
    pub artifact: PathBuf,
    /// Where it is to be used.
    pub environment: Name,
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
pub fn dry_run(reader: &Reader<'_>, wish: &Promote) -> Result<Decision, StoryError> {
    let (_, artifact) = open_artifact(&wish.artifact)?;
    reader.decide(
        &reader.state_about(&artifact)?,
        &artifact,
        &wish.environment,
        Intent::Promote,
    )
}

/// Promotes an artifact, or says why not. What does not work is rolled back where policy says so.
pub fn promote(desk: &Desk<'_>, wish: &Promote) -> Result<Promoted, StoryError> {
    let (file, artifact) = open_artifact(&wish.artifact)?;
    let place = desk.reader.places.get(&wish.environment);
    let (decision, index) = match place {
        Some(place) => deploy(desk, place, &file, &artifact, wish)?,
        None => say(desk, &artifact, &wish.environment).map(|(it, index, _)| (it, index))?,
    };
    let look = |place: &Place| check_health(place, &wish.environment, artifact.sha256);
    let mut promoted = Promoted {
        health: place.map_or(Ok(Ok(())), look)?,
        decision,
        index,
        rolled_back: None,
        stays: None,
    };
    if let Err(unhealthy) = &promoted.health {
        let generation = promoted.decision.generation;
        match take_back(desk, &wish.environment, generation, unhealthy) {
            Ok(done) => promoted.rolled_back = done,
            Err(StoryError::Refused(refusal)) if is_stuck(&refusal) => {
                promoted.stays = Some(refusal);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(promoted)
}

/// Deploys the copy that is decided about: staged before the log speaks, switched after.
fn deploy(
    desk: &Desk<'_>,
    place: &Place,
    file: &File,
    artifact: &Artifact,
    wish: &Promote,
) -> Result<(Decision, u64), StoryError> {
    let _lock = place.target.lock()?;
    catch_up(desk, place, artifact, &wish.environment)?;
    let staged = stage(desk, place, file, artifact, wish)?;
    let (decision, index, state) = match say(desk, artifact, &wish.environment) {
        Ok(said) => said,
        Err(error) => {
            copy::discard(place.target.home(), &staged)?;
            return Err(error);
        }
    };
    let current = state.history(&wish.environment).and_then(|it| it.current());
    let current = current.expect("the promotion was just folded");
    place.target.deploy(&wish.environment, current, &staged)?;
    Ok((decision, index))
}

fn take_back(
    desk: &Desk<'_>,
    environment: &Name,
    generation: u64,
    unhealthy: &Unhealthy,
) -> Result<Option<RolledBack>, StoryError> {
    if !is_automatic(&desk.reader.state()?, environment) {
        return Ok(None);
    }
    let wish = RollBack {
        environment: environment.clone(),
        trigger: Trigger::Unhealthy,
        reason: unhealthy.to_string(),
    };
    leave(desk, &wish, generation).map(Some)
}

/// What an earlier promotion left undone comes first.
fn catch_up(
    desk: &Desk<'_>,
    place: &Place,
    artifact: &Artifact,
    environment: &Name,
) -> Result<(), StoryError> {
    let state = desk.reader.state_about(artifact)?;
    let current = state.history(environment).and_then(|it| it.current());
    let deployed = place.target.deployed()?.map(|it| it.generation);
    if current.map(|it| it.number) == deployed {
        return Ok(copy::discard_staged(place.target.home())?);
    }
    // Only now all of the history may be needed: any generation may have the bytes.
    let state = desk.reader.state()?;
    if may_stand(&desk.reader, &state, environment)?.is_err() {
        // What takes its place is about to be decided; nothing that may not stand is put there before.
        return Ok(copy::discard_staged(place.target.home())?);
    }
    match state.history(environment) {
        Some(history) => Ok(settle(&place.target, environment, history)?),
        None => Ok(()),
    }
}

fn stage(
    desk: &Desk<'_>,
    place: &Place,
    file: &File,
    artifact: &Artifact,
    wish: &Promote,
) -> Result<Staged, StoryError> {
    // Nothing is copied for a decision that is a denial already; the one that counts comes later.
    let state = desk.reader.state_about(artifact)?;
    let decision = desk
        .reader
        .decide(&state, artifact, &wish.environment, Intent::Promote)?;
    decision.verdict()?;
    let digest = artifact.sha256;
    Ok(place.target.stage(file, digest, &decision.name)?)
}

/// Decides and records, with the log held still: no revocation can come in between.
fn say(
    desk: &Desk<'_>,
    artifact: &Artifact,
    environment: &Name,
) -> Result<(Decision, u64, State), StoryError> {
    let ledger = desk.reader.ledger;
    let lock = ledger.log.lock()?;
    let state = desk.reader.state_about(artifact)?;
    let decision = desk
        .reader
        .decide(&state, artifact, environment, Intent::Promote)?;
    decision.verdict()?;
    let promotion = promotion(desk, &state, &decision)?;
    let subject =
        ResourceDescriptor::named(decision.name.as_str(), DigestSet::sha256(artifact.sha256));
    let bundle = seal(&promotion.into_statement(subject), desk.signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, desk.signer.public_key())?;
    // The gate's own word must count before it is given: a wrong key is found out here.
    let mut after = state;
    let line = submission.fold_into(&mut after);
    line.outcome?;
    let appended = ledger.append(&lock, &[submission], desk.log, desk.reader.now)?;
    drop(lock);
    Ok((decision, appended.first, after))
}

fn promotion(desk: &Desk<'_>, state: &State, decision: &Decision) -> Result<Promotion, StoryError> {
    let policy = state.policy()?;
    let input = |digest| ResourceDescriptor {
        digest: DigestSet::sha256(digest),
        ..ResourceDescriptor::default()
    };
    let uri = format!("urn:zwieback:policy:{}", desk.reader.ledger.anchor.log);
    let summary = Summary {
        verifier: policy.release.gate.clone(),
        time_verified: Some(desk.reader.now),
        resource: resource(&decision.environment, &decision.name),
        policy: ResourceDescriptor::located(uri, DigestSet::sha256(policy.digest)),
        inputs: decision.inputs.iter().copied().map(input).collect(),
        passed: true,
        levels: levels(decision),
        grounds: Some(decision.grounds.clone()),
    };
    Ok(Promotion {
        summary,
        log: desk.reader.ledger.anchor.log.clone(),
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
