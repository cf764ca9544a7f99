//! `zwieback explain`: why a build was not reproducible, again, later, offline.

use crate::cli::args::global::Global;
use crate::cli::args::inspect::ExplainArgs;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inspect::explain::{self, ExplainOptions};

/// Runs the command.
pub fn run(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let (ctx, screen) = (session.context(true)?, Answers::new(global));
    let options = ExplainOptions {
        run: args.run.clone(),
        html: args.html.clone(),
    };
    Ok(answers::code(explain::explain(&options, &ctx, &screen)?))
}
