//! `zwieback fetch`: fetch what the locks name into the store.

use crate::cli::args::build::FetchArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inputs::fetch;

/// Runs the command.
pub fn run(global: &Global, args: &FetchArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let named = (!args.all).then_some(args.names.as_slice());
    fetch::run(named, &session.context(false)?)?;
    Ok(exit::DONE)
}
