//! `zwieback rollback`: back to the newest release that verifies now.

use zwieback_trust::command::rollback::{RollBack, RolledBack, rollback};
use zwieback_trust::screen;
use zwieback_trust::statement::rollback::Trigger;

use super::counter::Counter;
use crate::cli::args::global::Global;
use crate::cli::args::release::RollbackArgs;
use crate::cli::exit;
use crate::cli::screen::paint::Meaning;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &RollbackArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let wish = RollBack {
        environment: args.environment.clone(),
        trigger: Trigger::Asked,
        reason: args.why.clone(),
    };
    let signers = counter.gate.keeper()?;
    let done = rollback(&signers.session(counter.reader()), &wish)?;
    counter.tell("Returned", &sentence(&done), || {
        screen::json::rolled_back(&done)
    })?;
    skipped(&counter, &done)?;
    Ok(exit::DONE)
}

/// Tells people alone: programs have it in the answer already.
pub fn tell_people(counter: &Counter<'_>, done: &RolledBack) -> Result<(), Failure> {
    counter.note(Meaning::Warning, "Returned", &sentence(done))?;
    skipped(counter, done)
}

fn skipped(counter: &Counter<'_>, done: &RolledBack) -> Result<(), Failure> {
    for (number, why) in &done.skipped {
        let sentence = format!("generation {number}: {why} [{}]", why.reason);
        counter.note(Meaning::Warning, "Skipped", &sentence)?;
    }
    Ok(())
}

fn sentence(done: &RolledBack) -> String {
    let to = &done.to;
    format!(
        "{} from generation {} to {} {} ({}) of generation {}, entry {}",
        done.environment,
        done.from,
        to.name,
        to.version.as_deref().unwrap_or_default(),
        to.artifact.short(),
        to.number,
        done.index
    )
}
