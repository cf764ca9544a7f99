//! `zwieback watch`: one look at what is deployed; a timer runs it.

use std::collections::BTreeSet;

use zwieback_model::name::Name;
use zwieback_trust::command::revoke::Look;
use zwieback_trust::command::standing::Alarm;
use zwieback_trust::command::watch::{Watched, places, watch};
use zwieback_trust::reason::Refusal;
use zwieback_trust::screen;

use super::counter::Counter;
use super::rollback;
use crate::cli::args::global::Global;
use crate::cli::args::release::WatchArgs;
use crate::cli::exit;
use crate::cli::screen::paint::Meaning;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &WatchArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let signers = counter.gate.keeper()?;
    let session = signers.session(counter.reader());
    let asked: BTreeSet<Name> = if args.environments.is_empty() {
        places(&session.reader)?
    } else {
        args.environments.iter().cloned().collect()
    };
    let look = |name: Name| {
        let watched = watch(&session, &name);
        (name, watched)
    };
    tell_all(&counter, asked.into_iter().map(look).collect())
}

/// Tells what was found in each environment; what is left to people is not done. An environment that cannot
/// be judged hides nothing of the others.
pub fn tell_all(counter: &Counter<'_>, looks: Vec<Look>) -> Result<u8, Failure> {
    let mut code = exit::DONE;
    let mut failed = None;
    for (environment, watched) in looks {
        match watched {
            Ok(watched) => {
                if tell(counter, &environment, &watched)? {
                    code = exit::DENIED;
                }
            }
            Err(error) => {
                let error = Failure::from(error);
                let value = || screen::json::not_watched(&environment, &error.to_string());
                counter.tell("Failed", &format!("{environment}: {error}"), value)?;
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(code), Err)
}

/// Tells what was found in one environment, and whether something is left to people.
fn tell(counter: &Counter<'_>, environment: &Name, watched: &Watched) -> Result<bool, Failure> {
    let value = || screen::json::watched(environment, watched);
    let alarm = |alarm: &Alarm| {
        let sentence = format!(
            "{environment} {}: {}",
            alarm.trigger.as_str(),
            alarm.finding
        );
        counter.tell("Alarm", &sentence, value)?;
        let others = alarm.refusal.iter().flat_map(Refusal::others);
        also(counter, others)
    };
    match watched {
        Watched::Fine => counter.tell("Fine", environment.as_str(), value)?,
        Watched::Settled(finding) => {
            let sentence = format!("{environment}, {finding}; the log's release is there again");
            counter.tell("Settled", &sentence, value)?;
        }
        Watched::Doubtful(refusal) => {
            let sentence = format!("{environment}: {refusal} [{}]", refusal.reason);
            counter.tell("Doubtful", &sentence, value)?;
            also(counter, refusal.others().iter())?;
            return Ok(true);
        }
        Watched::Alarm(it) => {
            alarm(it)?;
            return Ok(true);
        }
        Watched::Stuck(it, refusal) => {
            alarm(it)?;
            let sentence = format!("{environment}, nothing was deployed: {refusal}");
            counter.note(Meaning::Bad, "Stays", &sentence)?;
            return Ok(true);
        }
        Watched::RolledBack(it, done) => {
            alarm(it)?;
            rollback::tell_people(counter, done)?;
        }
    }
    Ok(false)
}

/// Tells the other reasons, each with its code.
fn also<'r>(
    counter: &Counter<'_>,
    others: impl Iterator<Item = &'r Refusal>,
) -> Result<(), Failure> {
    for other in others {
        let sentence = format!("{other} [{}]", other.reason);
        counter.note(Meaning::Warning, "Also", &sentence)?;
    }
    Ok(())
}
