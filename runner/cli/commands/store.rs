//! `zwieback store`: look after the store.

use crate::cli::args::global::Global;
use crate::cli::args::machine::{StoreAction, StoreArgs};
use crate::cli::screen::answers::{self, Answers};
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::machine::gc::{self, GcOptions};
use crate::pipeline::machine::store;
use crate::pipeline::machine::transfer;

/// Runs the command.
pub fn run(global: &Global, args: &StoreArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let screen = Answers::new(global);
    Ok(answers::code(match &args.action {
        StoreAction::Path { what } => {
            store::path(what.as_deref(), &session.context(true)?, &screen)?
        }
        StoreAction::Ls => store::ls(&session.context(true)?, &screen)?,
        StoreAction::Verify { repair } => store::verify(*repair, &session.context(true)?, &screen)?,
        StoreAction::Export { file, names } => transfer::export(
            (file, names),
            terminal::bytes(),
            &session.context(true)?,
            &screen,
        )?,
        StoreAction::Import { file } => transfer::import(file, &session.context(true)?, &screen)?,
        StoreAction::Gc { dry_run, results } => {
            let options = GcOptions {
                results: *results,
                dry_run: *dry_run,
            };
            gc::run(options, session.world, &screen)?
        }
    }))
}
