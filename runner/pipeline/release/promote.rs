//! `zwieback promote`: decide, say it, switch the target.

use std::path::PathBuf;

use zwieback_model::json::value::Value;
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_trust::command::promote::{Promote, Promoted, dry_run, promote};
use zwieback_trust::screen;
use zwieback_trust::statement::heading::number;

use super::rollback;
use super::session::ReleaseSession;
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::Kind;

/// What is promoted, and where to.
#[derive(Clone, Debug)]
pub struct PromoteOptions {
    /// The artifact, a file.
    pub artifact: PathBuf,
    /// To which environment.
    pub environment: Name,
    /// Whether only every rule is shown.
    pub dry_run: bool,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &PromoteOptions) -> Ended {
    let wish = Promote {
        artifact: options.artifact.clone(),
        environment: options.environment.clone(),
    };
    if options.dry_run {
        let decision = dry_run(&session.reader(), &wish)?;
        let text = screen::decision::decision(&decision);
        session.show(&text, &screen::json::decision(&decision))?;
        return Ok(match decision.verdict() {
            Ok(()) => End::Done,
            Err(refusal) => End::As(Kind::of_release_refusal(&refusal)),
        });
    }
    let signers = session.gate.keeper()?;
    let promoted = promote(&signers.session(session.reader()), &wish)?;
    tell(session, &promoted)
}

/// Tells how it went; a release that does not work is no success, even if it was taken back.
fn tell(session: &ReleaseSession<'_>, promoted: &Promoted) -> Ended {
    let decision = &promoted.decision;
    let version = decision.version.as_deref().unwrap_or_default();
    let sentence = format!(
        "{} {version} ({}) to {}, generation {}, entry {}",
        decision.name,
        decision.artifact.short(),
        decision.environment,
        decision.generation,
        promoted.index
    );
    session.tell("Promoted", &sentence, &value(promoted))?;
    for rule in decision.waived() {
        session.note(Tone::Warning, "Waived", &format!("{rule}, by an exception"))?;
    }
    let Err(unhealthy) = &promoted.health else {
        return Ok(End::Done);
    };
    session.note(Tone::Bad, "Unhealthy", &unhealthy.to_string())?;
    if let Some(done) = &promoted.rolled_back {
        rollback::tell_people(session, done)?;
    }
    if let Some(refusal) = &promoted.stays {
        let sentence = format!("{}, nothing was deployed: {refusal}", decision.environment);
        session.note(Tone::Bad, "Stays", &sentence)?;
    }
    Ok(End::As(Kind::Denied))
}

fn value(promoted: &Promoted) -> Value {
    let unhealthy = promoted.health.as_ref().err();
    let unhealthy = unhealthy.map_or(Value::Null, |error| error.to_string().as_str().into());
    let back = promoted.rolled_back.as_ref();
    Value::object([
        ("index", number(promoted.index)),
        ("decision", screen::json::decision(&promoted.decision)),
        ("unhealthy", unhealthy),
        (
            "rolledBack",
            back.map_or(Value::Null, screen::json::rolled_back),
        ),
    ])
}
