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
        Command::Build(args) => commands::build::build(global, args),
        Command::Lock(args) => commands::build::lock(global, args),
        Command::Fetch(args) => commands::build::fetch(global, args),
        Command::Plan(args) => commands::plan::run(global, args),
        Command::Shell(args) => commands::shell::run(global, args),
        Command::Init(args) => commands::init::run(global, args),
        Command::Show(args) => commands::inspect::show(global, args),
        Command::Diff(args) => commands::inspect::diff(global, args),
        Command::Explain(args) => commands::inspect::explain(global, args),
        Command::Logs(args) => commands::inspect::logs(global, args),
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
        Command::Doctor(args) => commands::machine::doctor(global, args),
        Command::Store(args) => commands::machine::store(global, args),
        Command::Completions(args) => Ok(commands::machine::completions(args)),
    }
}
