//! `zwieback explain`: why a build was not reproducible, again, later, offline.

use std::io::Write;

use zwieback_explain::finding::Explanation;
use zwieback_explain::html;
use zwieback_host::fs::replace::replace;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::inspect::ExplainArgs;
use crate::cli::exit;
use crate::cli::screen::explanation::whole;
use crate::cli::screen::paint::Paint;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::build::record::find;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::explain::recorded;

/// Runs the command.
pub fn run(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let ctx = session.context(true)?;
    let record = find(&args.run, &ctx)?;
    let report = recorded::run(&record, &ctx)?;
    if let Some(file) = &args.html {
        let page = html::page(&report, &format!("{} {}", record.recipe, record.version));
        replace(file, page.as_bytes()).with_context(|| file.display().to_string())?;
    }
    print(global, &report)?;
    Ok(code(&report))
}

/// Prints a report as data.
pub fn print(global: &Global, report: &Explanation) -> Result<(), Failure> {
    let text = match global.format {
        Format::Json => format!("{}\n", serde_json::to_string(report)?),
        Format::Human => whole(report, Paint::for_stdout(global.color)),
    };
    Ok(terminal::stdout().write_all(text.as_bytes())?)
}

/// Different trees are the same verdict here as in a build.
pub fn code(report: &Explanation) -> u8 {
    if report.differing == 0 {
        exit::DONE
    } else {
        exit::NOT_REPRODUCIBLE
    }
}
