//! What is known of builds: their records, results and logs.

use zwieback_host::run_folder;
use zwieback_model::bake::action::ActionResult;
use zwieback_model::bake::record::{Record, RunRecord};
use zwieback_model::digest::Digest;
use zwieback_model::variation::conditions::RunName;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::failure::Failure;

/// The record of a run, of a recipe's newest run, or of the run that built an action.
pub fn find(what: &str, ctx: &Context<'_>) -> Result<Record, Failure> {
    let runs = ctx.dirs.runs();
    if let Ok(action) = what.parse::<Digest>()
        && let Some(result) = result(&action, ctx)?
    {
        return Ok(run_folder::read(&runs, &result.run)?);
    }
    let name = what.trim_end_matches('/').rsplit('/').next();
    Ok(run_folder::named(&runs, what, name.unwrap_or(what))?)
}

/// What an action came to, if the store has it.
pub fn result(action: &Digest, ctx: &Context<'_>) -> Result<Option<ActionResult>, Failure> {
    let entry = ctx.store.action(action)?;
    Ok(entry.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// What the steps of a run printed, or one of them.
pub fn log(
    record: &Record,
    name: RunName,
    step: Option<&str>,
    ctx: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let log = run_folder::read_log(&ctx.dirs.runs(), &record.id, name)?;
    match step {
        None => Ok(log),
        Some(step) => Ok(part(record.run(name), step, &log)?.to_vec()),
    }
}

/// The part of a log that one step printed.
fn part<'a>(run: Option<&RunRecord>, step: &str, log: &'a [u8]) -> Result<&'a [u8], Failure> {
    let unknown = || Failure::asked(format!("the run has no finished step `{step}`"));
    let run = run.ok_or_else(unknown)?;
    let at = run
        .steps
        .iter()
        .position(|done| done.step.as_str() == step)
        .ok_or_else(unknown)?;
    let offset = |at: usize| {
        run.log_offsets
            .get(at)
            .and_then(|offset| usize::try_from(*offset).ok())
    };
    let (start, end) = (offset(at).unwrap_or(0), offset(at + 1).unwrap_or(log.len()));
    log.get(start..end).ok_or_else(unknown)
}
