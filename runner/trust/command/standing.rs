//! What must stand in an environment, and what has to be done about what does: the one place that says so
//! for `watch`, `revoke`, `promote` and `rollback`.
//!
//! First whether what the log says is deployed must not stay; nothing else can hide that. Then whether it
//! is there, whether it works, and whether the gate would let it in today. What cannot be judged is an
//! error, or for people to look at, and never fine.

use zwieback_attest::verified::Artifact;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::name::Name;

use super::error::CommandError;
use super::session::{Place, Reader};
use crate::deploy::health::Unhealthy;
use crate::deploy::unhealthy;
use crate::gate::decide::decide;
use crate::gate::decision::denials;
use crate::gate::question::Intent;
use crate::gate::stay;
use crate::reason::{Reason, Refusal};
use crate::state::environment::Generation;
use crate::state::folded::State;
use crate::statement::rollback::Trigger;

/// What has to be done about an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: nothing was ever deployed, or nothing is wrong with it.
    Fine,
    /// The target has to be brought to what the log says, which may stand there.
    Behind(Refusal),
    /// An earlier release has to take its place.
    Alarm(Alarm),
    /// Nothing was taken back, but today it would not be let in: people have to look.
    Doubtful(Refusal),
}

/// What was found wrong with what is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The generation.
    pub generation: u64,
    /// What it means for the deployment.
    pub trigger: Trigger,
    /// What was found, for people.
    pub finding: String,
    /// The reasons, unless it is that it does not work.
    pub refusal: Option<Refusal>,
}

/// What the gate makes of a release that was let in before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Why it must not stay, by whatever of it was revoked.
    pub must_go: Option<Refusal>,
    /// All reasons for which it would not be let in today, those first.
    pub verdict: Result<(), Refusal>,
}

/// Looks at an environment: the log, the target, and whether it works.
pub fn standing(
    reader: &Reader<'_>,
    state: &State,
    environment: &Name,
) -> Result<Standing, CommandError> {
    let Some(current) = state
        .history(environment)
        .and_then(|history| history.current())
    else {
        check_known(reader, state, environment)?;
        return Ok(doubtful(check_empty(reader, environment)?.err()));
    };
    let alarm = |trigger, finding: String, refusal| {
        Ok(Standing::Alarm(Alarm {
            generation: current.number,
            trigger,
            finding,
            refusal,
        }))
    };
    let kept = keep(reader, state, current, None, environment)?;
    if let Some(refusal) = kept.must_go {
        return alarm(Trigger::Revoked, refusal.to_string(), Some(refusal));
    }
    let ahead = state.check_settled(environment).err();
    let doubt = Refusal::of_many(kept.verdict.err().into_iter().chain(ahead));
    let place = reader.places.get(environment);
    if let Some(place) = place
        && let Err(refusal) = check_deployed(place, current)?
    {
        return match doubt {
            _ if is_there(place, current)? => {
                alarm(Trigger::Changed, refusal.to_string(), Some(refusal))
            }
            None => Ok(Standing::Behind(refusal)),
            Some(doubt) => Ok(doubtful([doubt, refusal])),
        };
    }
    let generation = (current.number, current.artifact);
    let look = |place: &Place| check_health(place, environment, generation);
    match place.map_or(Ok(Health::Works), look)? {
        Health::Fails(unhealthy) => alarm(Trigger::Unhealthy, unhealthy.to_string(), None),
        Health::Replaced(by) => Err(replaced(by)),
        Health::Works => Ok(doubtful(doubt)),
    }
}

/// Whether what the log says is deployed may be put there, or be put there again.
pub fn may_stand(
    reader: &Reader<'_>,
    state: &State,
    environment: &Name,
) -> Result<Result<(), Refusal>, CommandError> {
    match state
        .history(environment)
        .and_then(|history| history.current())
    {
        Some(current) => Ok(keep(reader, state, current, None, environment)?.verdict),
        None => Ok(Ok(())),
    }
}

/// What the gate makes of a generation now; with the digests of its bytes, where those are at hand.
pub(super) fn keep(
    reader: &Reader<'_>,
    state: &State,
    generation: &Generation,
    print: Option<Fingerprint>,
    environment: &Name,
) -> Result<Kept, CommandError> {
    let artifact = Artifact {
        name: generation.name.clone(),
        sha256: print.map_or(generation.artifact, |print| print.sha256),
        blake3: print.map(|print| print.blake3),
    };
    let (stays, decision) =
        reader.ask(state, &artifact, environment, Intent::Keep, |question| {
            (stay::rules(question), decide(question))
        })?;
    let said = state.check_generation(generation).err();
    let must_go = Refusal::of_many(said.into_iter().chain(denials(&stays)));
    let denied = decision.and_then(|decision| decision.verdict()).err();
    let all = must_go.iter().cloned().chain(denied);
    Ok(Kept {
        verdict: Refusal::of_many(all).map_or(Ok(()), Err),
        must_go,
    })
}

/// Makes sure that there is such an environment at all: nothing is wrong with one that is misspelt.
fn check_known(reader: &Reader<'_>, state: &State, environment: &Name) -> Result<(), Refusal> {
    let is_known = state.policy()?.release.environment(environment).is_some();
    if is_known || reader.places.contains_key(environment) {
        return Ok(());
    }
    Err(Refusal::new(Reason::EnvironmentMissing, environment))
}

/// Whether nothing lies in the target, as nothing was ever deployed there by the log.
pub(super) fn check_empty(
    reader: &Reader<'_>,
    environment: &Name,
) -> Result<Result<(), Refusal>, CommandError> {
    let place = reader.places.get(environment);
    let there = place.map(|place| place.target.deployed()).transpose()?;
    Ok(match there.flatten() {
        Some(there) => {
            let saw = format!("generation {}, and the log knows of none", there.generation);
            Err(Refusal::new(Reason::DeployedChanged, saw))
        }
        None => Ok(()),
    })
}

/// Whether what lies in the target is what the log says.
pub fn check_deployed(
    place: &Place,
    current: &Generation,
) -> Result<Result<(), Refusal>, CommandError> {
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

/// Whether a release works.
#[derive(Debug)]
pub(super) enum Health {
    /// It does, or no command tells.
    Works,
    /// It does not.
    Fails(Unhealthy),
    /// The generation of that number took its place while the command looked: nobody knows about which it spoke.
    Replaced(u64),
}

/// Whether the release that a generation deployed works, where there is a command that tells; that is noted.
pub(super) fn check_health(
    place: &Place,
    environment: &Name,
    generation: (u64, Digest),
) -> Result<Health, CommandError> {
    let Some(health) = &place.health else {
        return Ok(Health::Works);
    };
    let checked = health.check(environment);
    let replaced = unhealthy::note(&place.target, generation, checked.is_ok())?;
    Ok(match (replaced, checked) {
        (Some(number), _) => Health::Replaced(number),
        (None, Ok(())) => Health::Works,
        (None, Err(unhealthy)) => Health::Fails(unhealthy),
    })
}

/// The refusal of what was found about a generation in whose place there is another one by now.
pub(super) fn replaced(by: u64) -> CommandError {
    let saw = format!("{by} took its place meanwhile; look again");
    Refusal::new(Reason::GenerationOrder, saw).into()
}

/// Whether the target has that generation, in whatever state.
fn is_there(place: &Place, current: &Generation) -> Result<bool, CommandError> {
    let there = place.target.deployed()?;
    Ok(there.is_some_and(|there| there.generation == current.number))
}

fn doubtful(reasons: impl IntoIterator<Item = Refusal>) -> Standing {
    Refusal::of_many(reasons).map_or(Standing::Fine, Standing::Doubtful)
}
