//! From arguments to an exit code.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;

use super::args::alone;
use super::args::command::Command;
use super::args::global::Cli;
use super::commands::release;
use super::screen::paint::Paint;
use super::{commands, error, exit, interrupt};
use crate::pipeline::context::failure::Failure;

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = alone::parse().unwrap_or_else(Cli::parse);
    // A panic would end with 101, which scripts read as "a limit was reached".
    match panic::catch_unwind(AssertUnwindSafe(|| dispatch(&cli))) {
        Ok(Ok(code)) => exit::code(code),
        Ok(Err(failure)) => exit::code(error::tell(&failure, &cli)),
        Err(_panic) => {
            let bug = "this is a bug in zwieback: please report what stands above";
            error::print(&Failure::asked(bug), Paint::for_stderr(cli.global.color));
            exit::code(exit::BUG)
        }
    }
}

fn dispatch(cli: &Cli) -> Result<u8, Failure> {
    if let Some(directory) = &cli.global.directory {
        let failed =
            |error| Failure::asked(format!("cannot enter {}: {error}", directory.display()));
        std::env::set_current_dir(directory).map_err(failed)?;
    }
    interrupt::end_at_once()?;
    let global = &cli.global;
    match &cli.command {
        Command::Build(args) => commands::build::run(global, args),
        Command::Lock(args) => commands::lock::run(global, args),
        Command::Fetch(args) => commands::fetch::run(global, args),
        Command::Plan(args) => commands::plan::run(global, args),
        Command::Shell(args) => commands::shell::run(global, args),
        Command::Init(args) => commands::init::run(global, args),
        Command::Show(args) => commands::show::run(global, args),
        Command::Diff(args) => commands::diff::run(global, args),
        Command::Explain(args) => commands::explain::run(global, args),
        Command::Logs(args) => commands::logs::run(global, args),
        Command::Sign(args) => commands::sign::run(global, args),
        Command::Verify(args) => commands::verify::run(global, args),
        Command::Recheck(args) => commands::recheck::run(global, args),
        Command::Key(args) => commands::key::run(global, args),
        Command::Bundle(args) => commands::bundle::run(global, args),
        Command::Policy(args) => commands::policy::run(global, args),
        Command::Status(args) => release::status(global, args),
        Command::Trace(args) => release::trace(global, args),
        Command::Approve(args) => release::approve(global, args),
        Command::Promote(args) => release::promote(global, args),
        Command::Rollback(args) => release::rollback(global, args),
        Command::Revoke(args) => release::revoke(global, args),
        Command::BreakGlass(args) => release::break_glass(global, args),
        Command::Attest(args) => release::attest(global, args),
        Command::Submit(args) => release::submit(global, args),
        Command::Watch(args) => release::watch(global, args),
        Command::ExplainDecision(args) => release::explain_decision(global, args),
        Command::Log(args) => commands::log::run(global, args),
        Command::Doctor(args) => commands::doctor::run(global, args),
        Command::Store(args) => commands::store::run(global, args),
        Command::Completions(args) => Ok(commands::completions::run(args)),
    }
}
