//! `zwieback sign`: sign what was built with `--unsigned`.

use crate::cli::args::global::Global;
use crate::cli::args::trust::SignArgs;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::command_context::Wish;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::trust::sign::{self, SignOptions};

/// Runs the command.
pub fn run(global: &Global, args: &SignArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let wish = Wish {
        export: args.export.clone(),
        ..session.config().wish(args.key.as_ref())
    };
    let options = SignOptions {
        run: args.run.clone(),
        statement: args.statement,
        trust: args.trust.clone(),
        policy: args.policy.clone(),
        unsigned: args.unsigned.choice(),
        environment: args.environment.clone(),
    };
    sign::run(&options, &wish, &session.context(false)?)?;
    Ok(exit::DONE)
}
