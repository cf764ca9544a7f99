//! `zwieback fetch`: fetch what the locks name into the store.

use crate::cli::args::build::FetchArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inputs::fetch::{everything, fetch};

/// Runs the command.
pub fn run(global: &Global, args: &FetchArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let project = session.project()?;
    let ctx = session.context(false)?;
    let names = if args.all {
        everything(&project)
    } else {
        args.names.clone()
    };
    ctx.settle(fetch(&project, &names, &ctx))?;
    Ok(exit::DONE)
}
