//! `zwieback log prove`: a proof that works without the log.

use std::io::Write as _;

use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;

use super::place;
use crate::cli::args::global::Global;
use crate::cli::args::log::ProveArgs;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::{About as _, Failure};

/// Runs the command; the proof goes to stdout unless a file is named.
pub fn run(global: &Global, args: &ProveArgs) -> Result<u8, Failure> {
    let log = place::believe_own(&args.log, global, &Dirs::of_user()?)?;
    let proof = if args.bundle {
        log.proven_bundle(args.index)?.to_bytes()
    } else {
        log.prove(args.index)?.to_text().into_bytes()
    };
    match &args.output {
        Some(path) => {
            replace(path, &proof).with_context(|| path.display().to_string())?;
        }
        None => terminal::bytes().write_all(&proof)?,
    }
    Ok(exit::DONE)
}
