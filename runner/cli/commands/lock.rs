//! `zwieback lock`: pin every input by digest.

use crate::cli::args::build::LockArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::lock::several::{self, LockOptions};

/// Runs the command.
pub fn run(global: &Global, args: &LockArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let options = LockOptions {
        names: args.names.clone(),
        update: args.update,
        check: args.check,
    };
    several::run(&options, &session.context(false)?)?;
    Ok(exit::DONE)
}
