//! `zwieback verify`: artifacts against their signed provenance, offline.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context as _;
use zwieback_core::attest::build_type::ForeignBuildTypes;
use zwieback_core::attest::reason::Refusal;
use zwieback_core::attest::trust::Trust;
use zwieback_core::attest::verified::Artifact;
use zwieback_core::attest::verify::{Request, Verified, verify};
use zwieback_core::digest::Sha256;
use zwieback_host::clock;
use zwieback_host::keys::key_directory::read_public;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::trust::VerifyArgs;
use crate::cli::exit;
use crate::cli::screen::paint::{Meaning, Paint, counted};

/// No honest bundle is larger.
const LARGEST_BUNDLE: u64 = 16 << 20;

/// Runs the command.
pub fn run(global: &Global, args: &VerifyArgs) -> anyhow::Result<u8> {
    let bundle = read_bundle(&args.bundle)?;
    let artifacts = args
        .artifacts
        .iter()
        .map(|path| artifact(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let trust = Trust::Key(Box::new(read_public(&args.key)?));
    let request = Request {
        bundle: &bundle,
        artifacts: &artifacts,
        trust: &trust,
        foreign: &ForeignBuildTypes::new(),
        now: clock::now(),
    };
    match verify(&request) {
        Ok(verified) => accepted(global, &artifacts, &verified),
        Err(refusal) => refused(global, &refusal),
    }
}

fn accepted(global: &Global, artifacts: &[Artifact], verified: &Verified) -> anyhow::Result<u8> {
    let paint = Paint::for_stderr(global.color);
    match global.format {
        Format::Json => {
            let value = serde_json::json!({
                "verdict": "verified",
                "builder": verified.provenance().builder.id,
                "key": verified.key().to_string(),
                "subjects": verified.subjects(),
            });
            writeln!(std::io::stdout().lock(), "{value}")?;
        }
        Format::Human => {
            let what = counted(artifacts.len(), "artifact");
            let by = format!(
                "{what} by {}, key {}",
                verified.provenance().builder.id,
                verified.key().short()
            );
            writeln!(
                std::io::stderr().lock(),
                "{}",
                paint.line(Meaning::Good, "Verified", by)
            )?;
        }
    }
    Ok(exit::DONE)
}

fn refused(global: &Global, refusal: &Refusal) -> anyhow::Result<u8> {
    let paint = Paint::for_stderr(global.color);
    match global.format {
        Format::Json => {
            let value = serde_json::json!({
                "verdict": "refused",
                "reason": refusal.reason.code(),
                "message": refusal.to_string(),
            });
            writeln!(std::io::stdout().lock(), "{value}")?;
        }
        Format::Human => {
            let error = paint.text(Meaning::Bad, "error:");
            writeln!(
                std::io::stderr().lock(),
                "{error} {refusal} [{}]",
                refusal.reason.code()
            )?;
        }
    }
    Ok(if refusal.reason.is_denial() {
        exit::DENIED
    } else {
        exit::UNVERIFIED
    })
}

fn read_bundle(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    file.take(LARGEST_BUNDLE + 1)
        .read_to_end(&mut bytes)
        .with_context(|| path.display().to_string())?;
    Ok(bytes)
}

/// Hashes with the one digest that every statement names: a second one would cost as much again.
fn artifact(path: &Path) -> anyhow::Result<Artifact> {
    let name = path.display().to_string();
    let mut file = File::open(path).with_context(|| name.clone())?;
    let mut sha256 = Sha256::default();
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece).with_context(|| name.clone())? {
            0 => {
                return Ok(Artifact {
                    name,
                    sha256: sha256.finish(),
                    blake3: None,
                });
            }
            count => sha256.update(&piece[..count]),
        }
    }
}
