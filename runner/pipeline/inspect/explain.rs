//! `zwieback explain` and `zwieback diff`: why two trees differ, again, later, offline.

use std::path::{Path, PathBuf};
use std::thread;

use zwieback_explain::finding::Explanation;
use zwieback_explain::html;
use zwieback_explain::knowledge::Knowledge;
use zwieback_explain::screen::full;
use zwieback_host::fs::given_file;
use zwieback_host::fs::replace::replace;
use zwieback_model::digest::Digest;

use crate::pipeline::build::record::find;
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::failure::{About as _, Failure, Kind};
use crate::pipeline::explain::recorded::{self, Readable};

/// Which run is explained.
#[derive(Clone, Debug)]
pub struct ExplainOptions {
    /// The run, or a recipe for its newest run.
    pub run: String,
    /// A file for a report with both sides of every difference.
    pub html: Option<PathBuf>,
}

/// Explains the runs of a record.
pub fn explain(options: &ExplainOptions, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let record = find(&options.run, ctx)?;
    let report = recorded::run(&record, ctx)?;
    if let Some(file) = &options.html {
        let title = format!("{} {}", record.recipe, record.version);
        let run = format!("Run {} of {}.", record.id, record.started);
        let page = html::page(&report, &title, &run);
        replace(file, page.as_bytes()).with_context(|| file.display().to_string())?;
    }
    tell(&report, screen)
}

/// Compares the two trees of a run, or any two trees.
pub fn diff(a: &str, b: Option<&str>, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let report = match b {
        None => recorded::run(&find(a, ctx)?, ctx)?,
        Some(b) => two([a, b], ctx)?,
    };
    tell(&report, screen)
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

/// Different trees are the same verdict here as in a build.
fn tell(report: &Explanation, screen: &dyn Tell) -> Ended {
    screen.tell(&Answer::Shown {
        lines: full(report),
        values: vec![serde_json::to_string(report)?],
    })?;
    Ok(match report.differing {
        0 => End::Done,
        _ => End::As(Kind::NotReproducible),
    })
}
