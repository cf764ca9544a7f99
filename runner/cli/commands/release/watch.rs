//! `zwieback watch`: one look at what is deployed; a timer runs it.

use zwieback_core::name::Name;
use zwieback_trust::screen;
use zwieback_trust::story::error::StoryError;
use zwieback_trust::story::watch::{Watched, watch};

use super::counter::Counter;
use super::rollback;
use crate::cli::args::global::Global;
use crate::cli::args::release::WatchArgs;
use crate::cli::exit;

/// Runs the command.
pub fn run(global: &Global, args: &WatchArgs) -> anyhow::Result<u8> {
    let counter = Counter::open(global, &args.gate)?;
    let hands = counter.gate.keeper()?;
    let desk = hands.desk(counter.reader());
    let all: Vec<Name> = counter.gate.places.keys().cloned().collect();
    let asked = if args.environments.is_empty() {
        all
    } else {
        args.environments.clone()
    };
    let look = |name: Name| {
        let watched = watch(&desk, &name);
        (name, watched)
    };
    tell_all(&counter, asked.into_iter().map(look).collect())
}

/// Tells what was found in each environment; what is left to people is not done.
pub fn tell_all(
    counter: &Counter<'_>,
    looks: Vec<(Name, Result<Watched, StoryError>)>,
) -> anyhow::Result<u8> {
    let mut code = exit::DONE;
    for (environment, watched) in looks {
        let watched = watched?;
        let value = || screen::json::watched(&environment, &watched);
        match &watched {
            Watched::Fine => counter.tell("Fine", environment.as_str(), value)?,
            Watched::Settled(finding) => {
                let sentence =
                    format!("{environment}, {finding}; the log's release is there again");
                counter.tell("Settled", &sentence, value)?;
            }
            Watched::Alarm(alarm) => {
                let trigger = alarm.trigger.as_str();
                let sentence = format!("{environment} {trigger}: {}", alarm.finding);
                counter.tell("Alarm", &sentence, value)?;
                code = exit::DENIED;
            }
            Watched::RolledBack(alarm, done) => {
                let trigger = alarm.trigger.as_str();
                let sentence = format!("{environment} {trigger}: {}", alarm.finding);
                counter.tell("Alarm", &sentence, value)?;
                rollback::tell_people(counter, done)?;
            }
        }
    }
    Ok(code)
}
