//! `zwieback sign`: sign what was built with `--unsigned`.

use crate::cli::args::global::Global;
use crate::cli::args::trust::SignArgs;
use crate::cli::commands::show;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::Wish;
use crate::pipeline::sign::sign;

/// Runs the command.
pub fn run(global: &Global, args: &SignArgs) -> anyhow::Result<u8> {
    let session = Session::open(global)?;
    let record = show::find(&session, &args.run)?;
    let config = &session.config;
    let wish = Wish {
        key: config.sign.choice(args.key.as_ref()),
        builder_id: config.sign.builder_id.clone(),
        timestamp: config.sign.timestamp.clone(),
        allow_absent: config.sandbox.allow_absent.clone(),
        export: args.export.clone(),
        ..Wish::default()
    };
    let ctx = session.context(false)?;
    ctx.settle(sign(&record.id, &wish, &ctx))?;
    Ok(exit::DONE)
}
