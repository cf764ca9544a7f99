//! `zwieback break-glass`: an exception with a reason, a scope and an end.

use zwieback_trust::command::statements::{Exception, exception};

use super::counter::Counter;
use super::named;
use crate::cli::args::global::Global;
use crate::cli::args::release::BreakGlassArgs;
use crate::cli::exit;
use crate::pipeline::context::failure::Failure;

const HOUR: i64 = 3600;

/// Runs the command.
pub fn run(global: &Global, args: &BreakGlassArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.say.gate)?;
    let hours = i64::from(args.hours.unwrap_or_default());
    let expires = match args.until {
        Some(until) => until,
        None => named::later(counter.now, hours * HOUR)?,
    };
    let wish = Exception {
        artifact: named::artifact(&args.artifact)?,
        environment: args.environment.clone(),
        scope: args.scope.iter().cloned().collect(),
        reason: args.why.clone(),
        expires,
    };
    let statement = exception(&counter.reader(), &wish)?;
    counter.hand_in(&statement, &args.say, "Broke glass")?;
    Ok(exit::DONE)
}
