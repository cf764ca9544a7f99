//! Rollback: to the newest release that was deployed before the one that is left, worked when it was left,
//! was not taken out since, and verifies now.

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_host::fs::given_file;
use zwieback_host::keys::signer::seal;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;

use super::error::CommandError;
use super::session::{Place, Reader, Session};
use super::standing::{keep, may_stand, replaced};
use crate::deploy::copy::fingerprint;
use crate::deploy::settle::{restage, settle};
use crate::deploy::staged::Staged;
use crate::deploy::unhealthy;
use crate::log::append::Submission;
use crate::log::error::LogError;
use crate::reason::{Reason, Refusal};
use crate::state::environment::{Generation, History};
use crate::state::folded::State;
use crate::statement::rollback::{Rollback, Trigger};

/// What `rollback` takes.
#[derive(Clone, Debug)]
pub struct RollBack {
    /// Where.
    pub environment: Name,
    /// What brought it about.
    pub trigger: Trigger,
    /// Why.
    pub reason: String,
}

/// What came of a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// Where.
    pub environment: Name,
    /// The generation that was deployed.
    pub from: u64,
    /// The one that is deployed again.
    pub to: Generation,
    /// Generations in between that may not stand there now, and why.
    pub skipped: Vec<(u64, Refusal)>,
    /// The entry that says so.
    pub index: u64,
}

/// Returns to the newest earlier release that may stand there now. If there is none, nothing is deployed.
pub fn rollback(session: &Session<'_>, wish: &RollBack) -> Result<RolledBack, CommandError> {
    turn_back(session, wish, None)
}

/// The same away from that generation alone: what took its place meanwhile is not what was looked at.
pub(super) fn leave(
    session: &Session<'_>,
    wish: &RollBack,
    generation: u64,
) -> Result<RolledBack, CommandError> {
    turn_back(session, wish, Some(generation))
}

fn turn_back(
    session: &Session<'_>,
    wish: &RollBack,
    leaving: Option<u64>,
) -> Result<RolledBack, CommandError> {
    let place = session.reader.places.get(&wish.environment);
    let _held = place.map(|place| session.hold_target(place)).transpose()?;
    let (lock, session) = session.hold_log()?;
    let mut state = session.reader.state()?;
    state.check_settled(&wish.environment)?;
    let nothing = || Refusal::new(Reason::NothingToRollBackTo, &wish.environment);
    let history = state
        .history(&wish.environment)
        .cloned()
        .ok_or_else(nothing)?;
    let from = history.current().ok_or_else(nothing)?.number;
    if leaving.is_some_and(|leaving| leaving != from) {
        return Err(replaced(from));
    }
    let (to, staged, skipped) = choose(&session.reader, &state, &history, wish)?;
    let rollback = Rollback {
        heading: session.reader.heading()?,
        environment: wish.environment.clone(),
        generation: history.next(),
        to: to.number,
        size: Some(state.size()),
        trigger: wish.trigger,
        reason: wish.reason.clone(),
    };
    let subject = ResourceDescriptor::named(to.name.as_str(), DigestSet::sha256(to.artifact));
    let bundle = seal(&rollback.into_statement(subject), session.signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, session.signer.public_key())?;
    submission.fold_into(&mut state).outcome?;
    let ledger = session.reader.ledger;
    let appended = ledger.append(&lock, &[submission], session.log, session.reader.now)?;
    drop(lock);
    let current = state
        .history(&wish.environment)
        .and_then(|history| history.current());
    let current = current.expect("the rollback was just folded");
    if let (Some(place), Some(staged)) = (place, staged) {
        place.target.deploy(&wish.environment, current, &staged)?;
    }
    Ok(RolledBack {
        environment: wish.environment.clone(),
        from,
        to,
        skipped,
        index: appended.first,
    })
}

/// Brings a target to what the log says (`promote` and `rollback` do so by themselves), if that may stand.
pub fn repair(session: &Session<'_>, environment: &Name) -> Result<(), CommandError> {
    let Some(place) = session.reader.places.get(environment) else {
        return Ok(());
    };
    let (_lock, session) = &session.hold_target(place)?;
    let state = session.reader.state()?;
    state.check_settled(environment)?;
    may_stand(&session.reader, &state, environment)??;
    match state.history(environment) {
        Some(history) => Ok(settle(&place.target, environment, history)?),
        None => Ok(()),
    }
}

type Choice = (Generation, Option<Staged>, Vec<(u64, Refusal)>);

fn choose(
    reader: &Reader<'_>,
    state: &State,
    history: &History,
    wish: &RollBack,
) -> Result<Choice, CommandError> {
    let place = reader.places.get(&wish.environment);
    let unhealthy = place
        .map(|place| unhealthy::all(&place.target))
        .transpose()?;
    let unhealthy = unhealthy.unwrap_or_default();
    let mut skipped = Vec::new();
    for generation in history.earlier() {
        if unhealthy.contains(&generation.artifact) {
            let refusal = Refusal::new(Reason::LeftUnhealthy, generation.artifact.short());
            skipped.push((generation.number, refusal));
            continue;
        }
        match try_one(reader, state, history, generation, place, &wish.environment)? {
            Ok(staged) => return Ok((generation.clone(), staged, skipped)),
            Err(refusal) => skipped.push((generation.number, refusal)),
        }
    }
    let saw = skipped
        .first()
        .map_or("no earlier one".to_owned(), |(number, why)| {
            format!("generation {number}: {why}")
        });
    Err(Refusal::new(Reason::NothingToRollBackTo, saw).into())
}

/// The copy of a generation, if its bytes are there and the gate would keep them.
fn try_one(
    reader: &Reader<'_>,
    state: &State,
    history: &History,
    generation: &Generation,
    place: Option<&Place>,
    environment: &Name,
) -> Result<Result<Option<Staged>, Refusal>, CommandError> {
    let digest = generation.artifact;
    let (print, staged) = match place {
        None => (None, None),
        Some(place) => match restage(&place.target, history, digest)? {
            None => return Ok(Err(Refusal::new(Reason::DeployedChanged, digest.short()))),
            Some(staged) => {
                let file = given_file::open(&staged.path.join(&staged.name));
                let print = file.ok().and_then(|file| fingerprint(&file).ok());
                (print, Some(staged))
            }
        },
    };
    let kept = keep(reader, state, generation, print, environment)?;
    Ok(kept.verdict.map(|()| staged))
}
