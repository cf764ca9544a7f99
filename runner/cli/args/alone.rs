//! The grammar of one command by itself. To make the grammar of all commands takes a good part of the
//! time in which a shell starts, or in which a file is verified.

use clap::{Parser, Subcommand};

use super::build::ShellArgs;
use super::command::Command;
use super::global::{Cli, Global};
use super::trust::VerifyArgs;

#[derive(Debug, Parser)]
#[command(name = "zwieback", disable_help_subcommand = true)]
struct Alone<C: Subcommand> {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: C,
}

#[derive(Debug, Subcommand)]
enum ShellAlone {
    Shell(ShellArgs),
}

#[derive(Debug, Subcommand)]
enum VerifyAlone {
    Verify(VerifyArgs),
}

/// The command line, if it is a faultless one of a command that has to be quick. Faults, and questions
/// for help, are for the whole grammar to answer.
pub fn parse() -> Option<Cli> {
    let is_said = |command| std::env::args_os().any(|argument| argument == command);
    let shell = is_said("shell").then(alone::<ShellAlone>).flatten();
    shell.or_else(|| is_said("verify").then(alone::<VerifyAlone>).flatten())
}

fn alone<C: Subcommand + Into<Command>>() -> Option<Cli> {
    let parsed = Alone::<C>::try_parse().ok()?;
    Some(Cli {
        global: parsed.global,
        command: parsed.command.into(),
    })
}

impl From<ShellAlone> for Command {
    fn from(ShellAlone::Shell(arguments): ShellAlone) -> Self {
        Self::Shell(arguments)
    }
}

impl From<VerifyAlone> for Command {
    fn from(VerifyAlone::Verify(arguments): VerifyAlone) -> Self {
        Self::Verify(arguments)
    }
}
