//! The commands about this machine, from arguments to what the pipeline is asked.

use clap::CommandFactory as _;

use crate::cli::args::global::{Cli, Global};
use crate::cli::args::machine::{CompletionsArgs, DoctorArgs, StoreAction, StoreArgs};
use crate::cli::env;
use crate::cli::exit;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::machine::doctor;
use crate::pipeline::machine::gc::{self, GcOptions};
use crate::pipeline::machine::store;
use crate::pipeline::machine::transfer;

/// `zwieback doctor`.
pub fn doctor(global: &Global, _args: &DoctorArgs) -> Result<u8, Failure> {
    let end = doctor::run(env::path(env::STORE), &Answers::new(global))?;
    Ok(answers::code(end))
}

/// `zwieback store`.
pub fn store(global: &Global, args: &StoreArgs) -> Result<u8, Failure> {
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

/// `zwieback completions`.
pub fn completions(args: &CompletionsArgs) -> u8 {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "zwieback",
        &mut terminal::stdout(),
    );
    exit::DONE
}
