//! `zwieback log show`: who said what, when, and what came of it.

use zwieback_attest::known_keys::KnownKeys;
use zwieback_host::dirs::Dirs;
use zwieback_trust::log::error::LogError;

use super::{place, read};
use crate::cli::args::global::Global;
use crate::cli::args::release::GateArgs;
use crate::cli::commands::release::counter::Counter;
use crate::cli::exit;
use crate::pipeline::context::failure::Failure;

/// Runs the command: with a gate, entries are judged; without, they are printed as they are.
pub fn run(global: &Global, log: Option<&str>, gate: &GateArgs) -> Result<u8, Failure> {
    let lines = match log {
        None => {
            let counter = Counter::open(global, gate)?;
            counter.gate.ledger.lines(counter.now)?
        }
        Some(log) => {
            let log = place::believe_own(log, global, &Dirs::of_user()?)?;
            let mut keys = KnownKeys::default();
            let records = log.entries();
            let records = records.map(|stored| Ok(read::line(stored?.prove(&mut keys)?)));
            records.collect::<Result<_, LogError>>()?
        }
    };
    read::print(global, &lines)?;
    Ok(exit::DONE)
}
