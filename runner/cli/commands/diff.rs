//! `zwieback diff`: compare the trees of a run, or any two trees or folders.

use std::os::fd::AsFd;
use std::path::Path;

use anyhow::Context as _;
use zwieback_core::digest::Digest;
use zwieback_explain::knowledge::Knowledge;
use zwieback_host::capture::outputs::capture_into;
use zwieback_host::capture::rules::Rules;
use zwieback_host::store::stored::StoredTree;

use crate::cli::args::global::Global;
use crate::cli::args::inspect::DiffArgs;
use crate::cli::commands::explain::{code, print};
use crate::cli::commands::show::find;
use crate::cli::session::Session;
use crate::pipeline::again;
use crate::pipeline::context::Context;

/// Runs the command.
pub fn run(global: &Global, args: &DiffArgs) -> anyhow::Result<u8> {
    let session = Session::open(global)?;
    let ctx = session.context(true)?;
    let report = match &args.b {
        None => again::run(&find(&session, &args.a)?, &ctx)?,
        Some(b) => again::two(
            &tree(&args.a, &ctx)?,
            &tree(b, &ctx)?,
            &Knowledge::default(),
        )?,
    };
    print(global, &report)?;
    Ok(code(&report))
}

/// A tree by its digest, or a folder, which is read into the store.
fn tree(what: &str, ctx: &Context<'_>) -> anyhow::Result<StoredTree> {
    if let Ok(digest) = what.parse::<Digest>() {
        return Ok(again::stored(&digest, ctx)?);
    }
    let folder = std::fs::File::open(Path::new(what)).with_context(|| what.to_owned())?;
    Ok(capture_into(folder.as_fd(), &Rules::default(), ctx.store)?)
}
