//! `zwieback shell`: enter the sandbox as a step sees it, or run a command in it.

use crate::cli::args::build::ShellArgs;
use crate::cli::args::global::Global;
use crate::cli::session::Session;
use crate::pipeline::context::Wish;
use crate::pipeline::shell::{Entrance, shell};

/// Runs the command.
pub fn run(global: &Global, args: &ShellArgs) -> anyhow::Result<u8> {
    let session = Session::open(&Global {
        quiet: global.quiet || !args.command.is_empty(),
        ..global.clone()
    })?;
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
    Ok(shell(&project, &entrance, &wish, &ctx)?)
}
