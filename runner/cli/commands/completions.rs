//! `zwieback completions`: a script that teaches a shell this command line.

use clap::CommandFactory;

use crate::cli::args::global::Cli;
use crate::cli::args::machine::CompletionsArgs;
use crate::cli::exit;
use crate::cli::screen::terminal;

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> u8 {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "zwieback",
        &mut terminal::stdout(),
    );
    exit::DONE
}
