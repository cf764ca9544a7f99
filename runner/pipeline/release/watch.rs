//! `zwieback watch`: one look at what is deployed; a timer runs it.

use std::collections::BTreeSet;

use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_trust::command::revoke::Look;
use zwieback_trust::command::standing::Alarm;
use zwieback_trust::command::watch::{Watched, places, watch};
use zwieback_trust::reason::Refusal;
use zwieback_trust::screen;

use super::rollback;
use super::session::ReleaseSession;
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::{Failure, Kind};

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, environments: &[Name]) -> Ended {
    let signers = session.gate.keeper()?;
    let gate = signers.session(session.reader());
    let asked: BTreeSet<Name> = if environments.is_empty() {
        places(&gate.reader)?
    } else {
        environments.iter().cloned().collect()
    };
    let look = |name: Name| {
        let watched = watch(&gate, &name);
        (name, watched)
    };
    tell_all(session, asked.into_iter().map(look).collect())
}

/// Tells what was found in each environment; what is left to people is not done. An environment that cannot
/// be judged hides nothing of the others.
pub fn tell_all(session: &ReleaseSession<'_>, looks: Vec<Look>) -> Ended {
    let mut code = End::Done;
    let mut failed = None;
    for (environment, watched) in looks {
        match watched {
            Ok(watched) => {
                if tell(session, &environment, &watched)? {
                    code = End::As(Kind::Denied);
                }
            }
            Err(error) => {
                let error = Failure::from(error);
                let value = screen::json::not_watched(&environment, &error.to_string());
                session.tell("Failed", &format!("{environment}: {error}"), &value)?;
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(code), Err)
}

/// Tells what was found in one environment, and whether something is left to people.
fn tell(
    session: &ReleaseSession<'_>,
    environment: &Name,
    watched: &Watched,
) -> Result<bool, Failure> {
    let value = &screen::json::watched(environment, watched);
    let alarm = |alarm: &Alarm| {
        let sentence = format!(
            "{environment} {}: {}",
            alarm.trigger.as_str(),
            alarm.finding
        );
        session.tell("Alarm", &sentence, value)?;
        let others = alarm.refusal.iter().flat_map(Refusal::others);
        also(session, others)
    };
    match watched {
        Watched::Fine => session.tell("Fine", environment.as_str(), value)?,
        Watched::Settled(finding) => {
            let sentence = format!("{environment}, {finding}; the log's release is there again");
            session.tell("Settled", &sentence, value)?;
        }
        Watched::Doubtful(refusal) => {
            let sentence = format!("{environment}: {refusal} [{}]", refusal.reason);
            session.tell("Doubtful", &sentence, value)?;
            also(session, refusal.others().iter())?;
            return Ok(true);
        }
        Watched::Alarm(raised) => {
            alarm(raised)?;
            return Ok(true);
        }
        Watched::Stuck(raised, refusal) => {
            alarm(raised)?;
            let sentence = format!("{environment}, nothing was deployed: {refusal}");
            session.note(Tone::Bad, "Stays", &sentence)?;
            return Ok(true);
        }
        Watched::RolledBack(raised, done) => {
            alarm(raised)?;
            rollback::tell_people(session, done)?;
        }
    }
    Ok(false)
}

/// Tells the other reasons, each with its code.
fn also<'r>(
    session: &ReleaseSession<'_>,
    others: impl Iterator<Item = &'r Refusal>,
) -> Result<(), Failure> {
    for other in others {
        let sentence = format!("{other} [{}]", other.reason);
        session.note(Tone::Warning, "Also", &sentence)?;
    }
    Ok(())
}
