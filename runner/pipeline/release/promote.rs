//! `zwieback promote`: decide, say it, switch the target.

use zwieback_model::json::value::Value;
use zwieback_trust::command::promote::{Promote, Promoted, dry_run, promote};
use zwieback_trust::screen;
use zwieback_trust::statement::heading::number;

use super::counter::Counter;
use super::rollback;
use crate::cli::args::global::Global;
use crate::cli::args::release::PromoteArgs;
use crate::cli::error;
use crate::cli::exit;
use crate::cli::screen::paint::Meaning;
use crate::pipeline::context::failure::{Failure, Kind};

/// Runs the command.
pub fn run(global: &Global, args: &PromoteArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let wish = Promote {
        artifact: args.artifact.clone(),
        environment: args.environment.clone(),
    };
    if args.dry_run {
        let decision = dry_run(&counter.reader(), &wish)?;
        let text = screen::decision::decision(&decision);
        counter.show(&text, || screen::json::decision(&decision))?;
        return Ok(match decision.verdict() {
            Ok(()) => exit::DONE,
            Err(refusal) => error::code_of(Kind::of_release_refusal(&refusal)),
        });
    }
    let signers = counter.gate.keeper()?;
    let promoted = promote(&signers.session(counter.reader()), &wish)?;
    tell(&counter, &promoted)
}

/// Tells how it went; a release that does not work is no success, even if it was taken back.
fn tell(counter: &Counter<'_>, promoted: &Promoted) -> Result<u8, Failure> {
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
    counter.tell("Promoted", &sentence, || value(promoted))?;
    for rule in decision.waived() {
        counter.note(
            Meaning::Warning,
            "Waived",
            &format!("{rule}, by an exception"),
        )?;
    }
    let Err(unhealthy) = &promoted.health else {
        return Ok(exit::DONE);
    };
    counter.note(Meaning::Bad, "Unhealthy", &unhealthy.to_string())?;
    if let Some(done) = &promoted.rolled_back {
        rollback::tell_people(counter, done)?;
    }
    if let Some(refusal) = &promoted.stays {
        let sentence = format!("{}, nothing was deployed: {refusal}", decision.environment);
        counter.note(Meaning::Bad, "Stays", &sentence)?;
    }
    Ok(exit::DENIED)
}

fn value(promoted: &Promoted) -> Value {
    let unhealthy = promoted.health.as_ref().err();
    let unhealthy = unhealthy.map_or(Value::Null, |it| it.to_string().as_str().into());
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
