//! Watching what is deployed: revoked, changed or unhealthy, it is rolled back where policy says so.

use zwieback_core::digest::Digest;
use zwieback_core::name::Name;

use super::desk::{Desk, Reader};
use super::error::StoryError;
use super::rollback::{RollBack, RolledBack, repair, rollback};
use crate::gate::release_policy::RollbackRule;
use crate::reason::{Reason, Refusal, Why};
use crate::state::environment::Generation;
use crate::state::folded::State;
use crate::statement::rollback::Trigger;

/// What was found wrong with what is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What it means for the deployment.
    pub trigger: Trigger,
    /// What was found, for people.
    pub finding: String,
}

/// What came of a look at an environment.
#[derive(Debug)]
pub enum Watched {
    /// Nothing is deployed, or nothing is wrong with it.
    Fine,
    /// The target was behind the log, after a crash or by somebody's hand; it is where it should be.
    Settled(Refusal),
    /// Something is wrong, and policy leaves it to people.
    Alarm(Alarm),
    /// Something was wrong, and an earlier generation took its place.
    RolledBack(Alarm, Box<RolledBack>),
}

/// Looks at what is deployed in an environment, and rolls it back if it must not stay.
pub fn watch(desk: &Desk<'_>, environment: &Name) -> Result<Watched, StoryError> {
    let state = desk.reader.state()?;
    // What was revoked is not brought back: what is there instead is for the alarm to judge.
    let may_settle = revoked(&desk.reader, &state, environment)?.is_none();
    if may_settle && let Some(refusal) = behind(&desk.reader, &state, environment)? {
        repair(desk, environment)?;
        return Ok(Watched::Settled(refusal));
    }
    let Some(alarm) = alarm(&desk.reader, &state, environment)? else {
        return Ok(Watched::Fine);
    };
    let policy = state.policy()?.release.environment(environment);
    let rule = policy.map(|(environment, _)| environment.rollback);
    if rule != Some(RollbackRule::Automatic) {
        return Ok(Watched::Alarm(alarm));
    }
    let wish = RollBack {
        environment: environment.clone(),
        trigger: alarm.trigger,
        reason: alarm.finding.clone(),
    };
    let done = rollback(desk, &wish)?;
    Ok(Watched::RolledBack(alarm, Box::new(done)))
}

/// Whether the target has another generation than the log says, or none.
fn behind(
    reader: &Reader<'_>,
    state: &State,
    environment: &Name,
) -> Result<Option<Refusal>, StoryError> {
    let current = state.history(environment).and_then(|it| it.current());
    let (Some(current), Some(place)) = (current, reader.places.get(environment)) else {
        return Ok(None);
    };
    let there = place.target.deployed()?.map(|it| it.generation);
    if there == Some(current.number) {
        return Ok(None);
    }
    let verdict = check_deployed(reader, current, environment)?;
    Ok(verdict.err())
}

/// What is wrong with what is deployed, the worst first.
pub fn alarm(
    reader: &Reader<'_>,
    state: &State,
    environment: &Name,
) -> Result<Option<Alarm>, StoryError> {
    let Some(current) = state.history(environment).and_then(|it| it.current()) else {
        return Ok(None);
    };
    let raise = |trigger, finding: String| Ok(Some(Alarm { trigger, finding }));
    if let Some(refusal) = revoked(reader, state, environment)? {
        return raise(Trigger::Revoked, refusal.to_string());
    }
    if let Err(refusal) = check_deployed(reader, current, environment)? {
        return raise(Trigger::Changed, refusal.to_string());
    }
    let health = reader
        .places
        .get(environment)
        .and_then(|it| it.health.as_ref());
    match health.map(|health| health.check(environment)) {
        Some(Err(unhealthy)) => raise(Trigger::Unhealthy, unhealthy.to_string()),
        _ => Ok(None),
    }
}

/// Why what the log says is deployed must not be, if it was revoked.
pub fn revoked(
    reader: &Reader<'_>,
    state: &State,
    environment: &Name,
) -> Result<Option<Refusal>, StoryError> {
    let Some(current) = state.history(environment).and_then(|it| it.current()) else {
        return Ok(None);
    };
    let kept = super::rollback::keep(reader, state, current, None, environment)?;
    Ok(kept.err().filter(|refusal| is_revoked(refusal.reason)))
}

/// Whether what lies in the target is what the log says.
pub fn check_deployed(
    reader: &Reader<'_>,
    current: &Generation,
    environment: &Name,
) -> Result<Result<(), Refusal>, StoryError> {
    let Some(place) = reader.places.get(environment) else {
        return Ok(Ok(()));
    };
    let refuse = |saw: String| Ok(Err(Refusal::new(Reason::DeployedChanged, saw)));
    match place.target.deployed()? {
        None => refuse("nothing is there".to_owned()),
        Some(it) if it.generation != current.number => refuse(format!(
            "generation {} in place of {}",
            it.generation, current.number
        )),
        Some(it) if it.artifact != Some(current.artifact) => {
            let found = it
                .artifact
                .map_or("no single file".to_owned(), Digest::short);
            refuse(format!("{found} in place of {}", current.artifact.short()))
        }
        Some(_) => Ok(Ok(())),
    }
}

/// A refusal that someone brought about on purpose, and not one that time or a new policy did.
fn is_revoked(reason: Why) -> bool {
    use zwieback_core::attest::reason::Reason as Attest;
    [
        Reason::ArtifactRevoked.into(),
        Reason::BuilderRevoked.into(),
        Reason::SourceRevoked.into(),
        Attest::KeyRevoked.into(),
        // What a revoked key takes away may leave too few builders.
        Attest::BuildersTooFew.into(),
    ]
    .contains(&reason)
}
