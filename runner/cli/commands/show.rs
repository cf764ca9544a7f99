//! `zwieback show`: what is known of a recipe's last build.

use crate::cli::args::global::Global;
use crate::cli::args::inspect::ShowArgs;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inspect::show;

/// Runs the command.
pub fn run(global: &Global, args: &ShowArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let (ctx, screen) = (session.context(true)?, Answers::new(global));
    Ok(answers::code(show::run(&args.what, &ctx, &screen)?))
}
