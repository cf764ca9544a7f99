//! `zwieback rollback`: back to the newest release that verifies now.

use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_trust::command::rollback::{RollBack, RolledBack, rollback};
use zwieback_trust::screen;
use zwieback_trust::statement::rollback::Trigger;

use super::session::ReleaseSession;
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::Failure;

/// What goes back, and why.
#[derive(Clone, Debug)]
pub struct RollbackOptions {
    /// The environment.
    pub environment: Name,
    /// Why.
    pub why: String,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &RollbackOptions) -> Ended {
    let wish = RollBack {
        environment: options.environment.clone(),
        trigger: Trigger::Asked,
        reason: options.why.clone(),
    };
    let signers = session.gate.keeper()?;
    let done = rollback(&signers.session(session.reader()), &wish)?;
    let value = screen::json::rolled_back(&done);
    session.tell("Returned", &sentence(&done), &value)?;
    skipped(session, &done)?;
    Ok(End::Done)
}

/// Tells people alone: programs have it in the answer already.
pub fn tell_people(session: &ReleaseSession<'_>, done: &RolledBack) -> Result<(), Failure> {
    session.note(Tone::Warning, "Returned", &sentence(done))?;
    skipped(session, done)
}

fn skipped(session: &ReleaseSession<'_>, done: &RolledBack) -> Result<(), Failure> {
    for (number, why) in &done.skipped {
        let sentence = format!("generation {number}: {why} [{}]", why.reason);
        session.note(Tone::Warning, "Skipped", &sentence)?;
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
