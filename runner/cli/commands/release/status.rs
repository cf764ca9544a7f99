//! `zwieback status`: every environment at one look.

use zwieback_trust::command::status::status;
use zwieback_trust::screen;

use super::counter::Counter;
use crate::cli::args::global::Global;
use crate::cli::args::release::StatusArgs;
use crate::cli::exit;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &StatusArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let status = status(&counter.reader())?;
    counter.show(&screen::status::status(&status), || {
        screen::json::status(&status)
    })?;
    Ok(exit::DONE)
}
