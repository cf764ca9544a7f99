//! `zwieback status`: every environment at one look.

use zwieback_trust::command::status::status;
use zwieback_trust::screen;

use super::counter::Counter;
use crate::cli::args::global::Global;
use crate::cli::args::release::StatusArgs;
use crate::cli::exit;

/// Runs the command.
pub fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<u8> {
    let counter = Counter::open(global, &args.gate)?;
    let status = status(&counter.reader())?;
    counter.show(&screen::status::status(&status), || {
        screen::json::status(&status)
    })?;
    Ok(exit::DONE)
}
