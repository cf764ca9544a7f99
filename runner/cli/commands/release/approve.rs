//! `zwieback approve`: one person's word for one artifact in one environment.

use zwieback_attest::verified::Artifact;
use zwieback_trust::command::statements::{Approve, approval};
use zwieback_trust::gate::question::Intent;

use super::counter::Counter;
use super::named;
use crate::cli::args::global::Global;
use crate::cli::args::release::ApproveArgs;
use crate::cli::exit;
use crate::cli::screen::paint::Meaning;
use crate::pipeline::context::failure::Failure;

const DAY: i64 = 86_400;

/// Runs the command.
pub fn run(global: &Global, args: &ApproveArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.say.gate)?;
    let artifact = named::artifact(&args.artifact)?;
    let expires = match args.until {
        Some(until) => until,
        None => named::later(counter.now, i64::from(args.days) * DAY)?,
    };
    let wish = Approve {
        artifact: artifact.clone(),
        environment: args.environment.clone(),
        expires,
        comment: args.comment.clone(),
    };
    let statement = approval(&counter.reader(), &wish)?;
    counter.hand_in(&statement, &args.say, "Approved")?;
    if args.say.output.is_none() {
        standing(&counter, args, &artifact)?;
    }
    Ok(exit::DONE)
}

/// What is there now, of what the environment asks for.
fn standing(counter: &Counter<'_>, args: &ApproveArgs, artifact: &Artifact) -> Result<(), Failure> {
    let reader = counter.reader();
    let decision = reader.decide(
        &reader.state()?,
        artifact,
        &args.environment,
        Intent::Promote,
    )?;
    for rule in decision.rules.iter().filter(|it| it.name == "approvals") {
        let sentence = format!(
            "{} asks for {}, there is {}",
            args.environment, rule.asked, rule.saw
        );
        counter.note(Meaning::Hint, "Standing", &sentence)?;
    }
    Ok(())
}
