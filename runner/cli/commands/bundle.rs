//! `zwieback bundle`: between the forms in which signed statements travel.

use crate::cli::args::global::Global;
use crate::cli::args::trust::{BundleAction, BundleArgs};
use crate::cli::screen::answers::{self, Answers};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::trust::bundle_files;

/// Runs the command.
pub fn run(global: &Global, args: &BundleArgs) -> Result<u8, Failure> {
    let screen = Answers::new(global);
    Ok(answers::code(match &args.action {
        BundleAction::Import { file, key, into } => {
            bundle_files::import_file(file, key, into, &screen)?
        }
        BundleAction::Lines { bundles } => bundle_files::lines(bundles, &screen)?,
    }))
}
