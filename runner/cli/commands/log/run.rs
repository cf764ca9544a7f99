//! From `zwieback log` to what is to be done with the log.

use super::{add, init, prove, read, restore, show, witness};
use crate::cli::args::global::Global;
use crate::cli::args::log::{LogAction, LogArgs};
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &LogArgs) -> Result<u8, Failure> {
    match &args.action {
        LogAction::Init {
            folder,
            name,
            sign_key,
        } => init::run(global, folder, name, sign_key.as_ref()),
        LogAction::Add(args) => add::run(global, args),
        LogAction::Prove(args) => prove::run(global, args),
        LogAction::Verify(args) => read::verify(global, args),
        LogAction::Monitor(args) => read::monitor(global, args),
        LogAction::Witness(args) => witness::vouch(global, args),
        LogAction::Take(args) => witness::take(global, args),
        LogAction::Restore(args) => restore::run(global, args),
        LogAction::Show { log, gate } => show::run(global, log.as_deref(), gate),
    }
}
