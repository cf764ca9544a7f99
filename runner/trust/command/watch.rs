//! Watching what is deployed: revoked, changed or unhealthy, it is rolled back where policy says so.

use std::collections::BTreeSet;

use zwieback_model::name::Name;

use super::error::CommandError;
use super::rollback::{RollBack, RolledBack, leave, repair};
use super::session::{Reader, Session};
use super::standing::{Alarm, Standing, standing};
use crate::policy::release_policy::RollbackRule;
use crate::reason::{Reason, Refusal};
use crate::state::folded::State;

/// What came of a look at an environment.
#[derive(Debug)]
pub enum Watched {
    /// Nothing is deployed, or nothing is wrong with it.
    Fine,
    /// The target was behind the log, after a crash or by somebody's hand; it is where it should be.
    Settled(Refusal),
    /// Nothing was taken back, but today it would not be let in: it is left to people.
    Doubtful(Refusal),
    /// Something is wrong, and policy leaves it to people.
    Alarm(Alarm),
    /// Something was wrong, and an earlier generation took its place.
    RolledBack(Alarm, Box<RolledBack>),
    /// Something is wrong, and there is nothing that could take its place: nothing was deployed.
    Stuck(Alarm, Refusal),
}

/// What a look at everything looks at: each target that is known here, and each environment in which something
/// is deployed by the log, though policy or gate's file dropped it since.
pub fn places(reader: &Reader<'_>) -> Result<BTreeSet<Name>, CommandError> {
    let state = reader.state()?;
    let all = reader.places.keys().chain(state.occupied());
    Ok(all.cloned().collect())
}

/// Looks at what is deployed in an environment, and rolls it back if it must not stay.
pub fn watch(session: &Session<'_>, environment: &Name) -> Result<Watched, CommandError> {
    // Of many that are looked at, the ones before took their time.
    let session = &session.at_present();
    let state = session.reader.state()?;
    match standing(&session.reader, &state, environment)? {
        Standing::Fine => Ok(Watched::Fine),
        Standing::Doubtful(refusal) => Ok(Watched::Doubtful(refusal)),
        Standing::Behind(refusal) => {
            repair(session, environment)?;
            Ok(Watched::Settled(refusal))
        }
        Standing::Alarm(alarm) if is_automatic(&state, environment) => {
            take_out(session, environment, alarm)
        }
        Standing::Alarm(alarm) => Ok(Watched::Alarm(alarm)),
    }
}

/// Whether policy lets an earlier release take the place of what must not stay without being asked.
pub(super) fn is_automatic(state: &State, environment: &Name) -> bool {
    let policy = state.policy().ok();
    let rule = policy.and_then(|policy| policy.release.environment(environment));
    rule.is_some_and(|(rule, _)| rule.rollback == RollbackRule::Automatic)
}

fn take_out(
    session: &Session<'_>,
    environment: &Name,
    alarm: Alarm,
) -> Result<Watched, CommandError> {
    let wish = RollBack {
        environment: environment.clone(),
        trigger: alarm.trigger,
        reason: alarm.finding.clone(),
    };
    match leave(session, &wish, alarm.generation) {
        Ok(done) => Ok(Watched::RolledBack(alarm, Box::new(done))),
        Err(CommandError::Refused(refusal)) if is_stuck(&refusal) => {
            Ok(Watched::Stuck(alarm, refusal))
        }
        Err(error) => Err(error),
    }
}

/// Whether there was nothing that could have been gone back to.
pub(super) fn is_stuck(refusal: &Refusal) -> bool {
    refusal.reason == Reason::NothingToRollBackTo.into()
}
