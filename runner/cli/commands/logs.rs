//! `zwieback logs`: what the steps of a run printed.

use std::io::{IsTerminal, Write};

use zwieback_host::run_folder::read_log;
use zwieback_model::bake::record::RunRecord;
use zwieback_model::variation::conditions::RunName;

use crate::cli::args::global::Global;
use crate::cli::args::inspect::LogsArgs;
use crate::cli::commands::show::find;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &LogsArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let record = find(&session, &args.what)?;
    let name = if args.b { RunName::B } else { RunName::A };
    let log = read_log(&session.dirs.runs(), &record.id, name)?;
    let shown = match &args.step {
        None => &log[..],
        Some(step) => part(record.run(name), step, &log)?,
    };
    // A log holds whatever its steps printed; in a file it stays what it was.
    if std::io::stdout().is_terminal() {
        terminal::stdout().write_all(shown)?;
    } else {
        terminal::bytes().write_all(shown)?;
    }
    Ok(exit::DONE)
}

/// The part of a log that one step printed.
fn part<'a>(run: Option<&RunRecord>, step: &str, log: &'a [u8]) -> Result<&'a [u8], Failure> {
    let unknown = || Failure::asked(format!("the run has no finished step `{step}`"));
    let run = run.ok_or_else(unknown)?;
    let at = run
        .steps
        .iter()
        .position(|it| it.step.as_str() == step)
        .ok_or_else(unknown)?;
    let offset = |at: usize| {
        run.log_offsets
            .get(at)
            .and_then(|offset| usize::try_from(*offset).ok())
    };
    let (start, end) = (offset(at).unwrap_or(0), offset(at + 1).unwrap_or(log.len()));
    log.get(start..end).ok_or_else(unknown)
}
