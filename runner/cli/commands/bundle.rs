//! `zwieback bundle`: between the forms in which signed statements travel.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::args::global::Global;
use crate::cli::args::trust::{BundleAction, BundleArgs};
use crate::cli::commands::verdict;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::trust::bundle_files;

/// Runs the command.
pub fn run(global: &Global, args: &BundleArgs) -> Result<u8, Failure> {
    let done = match &args.action {
        BundleAction::Import { file, key, into } => import_file(file, key, into),
        BundleAction::Lines { bundles } => lines(bundles),
    };
    match done {
        Ok(()) => Ok(exit::DONE),
        Err(error) => verdict::refused_or(global, error),
    }
}

fn import_file(file: &Path, keys: &[PathBuf], into: &Path) -> Result<(), Failure> {
    let imported = bundle_files::import_file(file, keys, into)?;
    let mut stderr = terminal::stderr();
    for refusal in &imported.passed_over {
        writeln!(stderr, "passed over: {refusal}")?;
    }
    for path in &imported.files {
        writeln!(terminal::stdout(), "{}", path.display())?;
    }
    imported.failure.map_or(Ok(()), Err)
}

fn lines(paths: &[PathBuf]) -> Result<(), Failure> {
    let bytes = bundle_files::lines(paths)?;
    terminal::bytes().write_all(&bytes).context("stdout")
}
