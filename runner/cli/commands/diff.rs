//! `zwieback diff`: compare the trees of a run, or any two trees or folders.

use crate::cli::args::global::Global;
use crate::cli::args::inspect::DiffArgs;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inspect::explain;

/// Runs the command.
pub fn run(global: &Global, args: &DiffArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let (ctx, screen) = (session.context(true)?, Answers::new(global));
    let end = explain::diff(&args.a, args.b.as_deref(), &ctx, &screen)?;
    Ok(answers::code(end))
}
