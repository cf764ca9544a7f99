//! `zwieback shell`: enter the sandbox as a step sees it, or run a command in it.

use crate::cli::args::build::ShellArgs;
use crate::cli::args::global::Global;
use crate::cli::session::Session;
use crate::pipeline::context::command_context::Wish;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::world::Sandboxes;
use crate::pipeline::shell::{self, Entrance};

/// Runs the command.
pub fn run(global: &Global, args: &ShellArgs) -> Result<u8, Failure> {
    let sandboxes = Sandboxes::start()?;
    let begun = sandboxes.supervisor()?;
    let global = Global {
        quiet: global.quiet || !args.command.is_empty(),
        ..global.clone()
    };
    let session = Session::open_with(sandboxes, &global)?;
    let entrance = Entrance {
        recipe: args.recipe.clone(),
        toolchains: args.toolchains.clone(),
        command: args.command.clone(),
    };
    let wish = Wish {
        jobs: session.config().build.jobs,
        ..Wish::default()
    };
    shell::run(&entrance, &wish, begun, &session.context(false)?)
}
