//! `zwieback logs`: what the steps of a run printed.

use std::io::{IsTerminal, Write};

use zwieback_model::variation::conditions::RunName;

use crate::cli::args::global::Global;
use crate::cli::args::inspect::LogsArgs;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::build::record;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &LogsArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let ctx = session.context(true)?;
    let record = record::find(&args.what, &ctx)?;
    let name = if args.b { RunName::B } else { RunName::A };
    let shown = record::log(&record, name, args.step.as_deref(), &ctx)?;
    // A log holds whatever its steps printed; in a file it stays what it was.
    if std::io::stdout().is_terminal() {
        terminal::stdout().write_all(&shown)?;
    } else {
        terminal::bytes().write_all(&shown)?;
    }
    Ok(exit::DONE)
}
