//! `zwieback shell`: enter the sandbox as a step sees it, or run a command in it.

use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::handle::SupervisorHandle;

use crate::cli::args::build::ShellArgs;
use crate::cli::args::global::Global;
use crate::cli::session::Session;
use crate::pipeline::context::command_context::Wish;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::shell::{Entrance, shell};

/// Runs the command.
pub fn run(global: &Global, args: &ShellArgs) -> Result<u8, Failure> {
    // It makes its namespaces while this process reads the project and the store.
    let sandboxes = ForkServer::start()?;
    let supervisor = SupervisorHandle::start(&sandboxes)?;
    let global = Global {
        quiet: global.quiet || !args.command.is_empty(),
        ..global.clone()
    };
    let session = Session::open_with(sandboxes, &global)?;
    let project = session.project()?;
    let ctx = session.context(false)?;
    let entrance = Entrance {
        recipe: args.recipe.clone(),
        toolchains: args.toolchains.clone(),
        command: args.command.clone(),
    };
    let wish = Wish {
        jobs: session.config.build.jobs,
        ..Wish::default()
    };
    Ok(shell(&project, &entrance, &wish, supervisor, &ctx)?)
}
