//! The commands that look at results, from arguments to what the pipeline is asked.

use std::io::{IsTerminal as _, Write as _};

use zwieback_model::variation::conditions::RunName;

use crate::cli::args::global::Global;
use crate::cli::args::inspect::{DiffArgs, ExplainArgs, LogsArgs, ShowArgs};
use crate::cli::exit;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::build::record;
use crate::pipeline::context::answer::Ended;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inspect::explain::{self, ExplainOptions};
use crate::pipeline::inspect::show;

/// Asks the pipeline without a network.
fn look(
    global: &Global,
    question: impl FnOnce(&Context<'_>, &Answers<'_>) -> Ended,
) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let end = question(&session.context(true)?, &Answers::new(global))?;
    Ok(answers::code(end))
}

/// `zwieback show`.
pub fn show(global: &Global, args: &ShowArgs) -> Result<u8, Failure> {
    look(global, |ctx, screen| show::run(&args.what, ctx, screen))
}

/// `zwieback diff`.
pub fn diff(global: &Global, args: &DiffArgs) -> Result<u8, Failure> {
    look(global, |ctx, screen| {
        explain::diff(&args.a, args.b.as_deref(), ctx, screen)
    })
}

/// `zwieback explain`.
pub fn explain(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let options = ExplainOptions {
        run: args.run.clone(),
        html: args.html.clone(),
    };
    look(global, |ctx, screen| {
        explain::explain(&options, ctx, screen)
    })
}

/// `zwieback logs`.
pub fn logs(global: &Global, args: &LogsArgs) -> Result<u8, Failure> {
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
