//! The grammar of `shell` by itself. To make the grammar of all commands takes a good part of the
//! time in which a shell starts.

use clap::{Parser, Subcommand};

use super::build::ShellArgs;
use super::command::Command;
use super::global::{Cli, Global};

#[derive(Debug, Parser)]
#[command(name = "zwieback", disable_help_subcommand = true)]
struct ShellOnly {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Only,
}

#[derive(Debug, Subcommand)]
enum Only {
    Shell(ShellArgs),
}

/// The command line, if it is a faultless one of `shell`. Faults, and questions for help, are for
/// the whole grammar to answer.
pub fn parse() -> Option<Cli> {
    if !std::env::args_os().any(|argument| argument == "shell") {
        return None;
    }
    let parsed = ShellOnly::try_parse().ok()?;
    let Only::Shell(shell) = parsed.command;
    Some(Cli {
        global: parsed.global,
        command: Command::Shell(shell),
    })
}
