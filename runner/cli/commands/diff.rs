//! `zwieback diff`: compare the trees of a run, or any two trees or folders.

use std::path::Path;
use std::thread;

use zwieback_explain::finding::Explanation;
use zwieback_explain::knowledge::Knowledge;
use zwieback_host::fs::given_file;
use zwieback_model::digest::Digest;

use crate::cli::args::global::Global;
use crate::cli::args::inspect::DiffArgs;
use crate::cli::commands::explain::{code, print};
use crate::cli::session::Session;
use crate::pipeline::build::record::find;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::explain::recorded::{self, Readable};

/// Runs the command.
pub fn run(global: &Global, args: &DiffArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let ctx = session.context(true)?;
    let report = match &args.b {
        None => recorded::run(&find(&args.a, &ctx)?, &ctx)?,
        Some(b) => two([&args.a, b], &ctx)?,
    };
    print(global, &report)?;
    Ok(code(&report))
}

/// Side by side, since a folder is read whole.
fn two([a, b]: [&str; 2], ctx: &Context<'_>) -> Result<Explanation, Failure> {
    let (a, b) = thread::scope(|scope| {
        let other = scope.spawn(|| readable(b, ctx));
        (readable(a, ctx), other.join())
    });
    let b = b.map_err(|_| Failure::asked("reading the second of the two was cut short"))?;
    Ok(recorded::two(&a?, &b?, &Knowledge::default()))
}

/// A tree by its digest, or a folder.
fn readable(what: &str, ctx: &Context<'_>) -> Result<Readable, Failure> {
    if let Ok(digest) = what.parse::<Digest>() {
        return Ok(Readable::stored(&ctx.tree(&digest)?)?);
    }
    Ok(Readable::folder(
        given_file::open_folder(Path::new(what)).with_context(|| what.to_owned())?,
    )?)
}
