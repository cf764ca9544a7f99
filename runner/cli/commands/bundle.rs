//! `zwieback bundle`: between the forms in which signed statements travel.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use zwieback_attest::bundle::Bundle;
use zwieback_attest::import::import;
use zwieback_attest::json_lines;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::key_directory::read_public;
use zwieback_model::digest::Digest;

use crate::cli::args::global::Global;
use crate::cli::args::trust::{BundleAction, BundleArgs};
use crate::cli::commands::verdict;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::trust::evidence;

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

/// Each signature that a key confirms becomes a bundle, named by the digest of its own bytes.
fn import_file(file: &Path, keys: &[PathBuf], into: &Path) -> Result<(), Failure> {
    let keys: Vec<PublicKey> = keys
        .iter()
        .map(|key| read_public(key))
        .collect::<Result<_, _>>()?;
    let imported = import(&evidence::read(file)?, &keys);
    let mut stderr = terminal::stderr();
    for refusal in &imported.passed_over {
        let code = refusal.reason.code();
        writeln!(stderr, "passed over: {refusal} [{code}]")?;
    }
    if imported.bundles.is_empty() {
        let nothing = || Refusal::new(Reason::SignatureCount, "none");
        return Err(imported
            .passed_over
            .into_iter()
            .next()
            .unwrap_or_else(nothing)
            .into());
    }
    fs::create_dir_all(into).with_context(|| into.display().to_string())?;
    for bundle in &imported.bundles {
        let bytes = bundle.to_bytes();
        let path = into.join(format!("{}.sigstore.json", Digest::sha256(&bytes).short()));
        replace(&path, &bytes).with_context(|| path.display().to_string())?;
        writeln!(terminal::stdout(), "{}", path.display())?;
    }
    Ok(())
}

fn lines(paths: &[PathBuf]) -> Result<(), Failure> {
    let mut bundles = Vec::new();
    for path in paths {
        let bundle = Bundle::parse(&evidence::read(path)?).map_err(Refusal::from)?;
        bundles.push(bundle);
    }
    let bytes = json_lines::write(bundles.iter().map(Bundle::envelope));
    terminal::bytes().write_all(&bytes).context("stdout")
}
