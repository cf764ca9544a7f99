//! `zwieback recheck`: build again what a bundle says, and compare. No project is needed.

use crate::cli::args::global::Global;
use crate::cli::args::trust::RecheckArgs;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::command_context::{Reuse, Wish};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::trust::recheck::{self, RecheckOptions};

/// Runs the command.
pub fn run(global: &Global, args: &RecheckArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let options = RecheckOptions {
        bundle: args.bundle.clone(),
        artifacts: args.artifacts.clone(),
        trust: args.trust.options(),
        patches: args.patches.clone(),
        needs: args.needs.clone(),
    };
    let configured = session.config().wish(args.sign_key.as_ref());
    let wish = Wish {
        reuse: Reuse::Forbidden,
        jobs: args.jobs.or(configured.jobs),
        export: args.export.clone(),
        ..configured
    };
    recheck::run(&options, &wish, &session.context(args.offline)?)?;
    Ok(exit::DONE)
}
