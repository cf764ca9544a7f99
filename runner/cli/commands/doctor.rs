//! `zwieback doctor`: what this machine can enforce, found out by doing.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use tempfile::TempDir;
use zwieback_host::dirs::Dirs;
use zwieback_model::enforcement::LockState;
use zwieback_sandbox::probe::diagnosis::{Diagnosis, diagnose};

use crate::cli::args::global::{Format, Global};
use crate::cli::args::machine::DoctorArgs;
use crate::cli::env;
use crate::cli::exit;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, _args: &DoctorArgs) -> Result<u8, Failure> {
    let scratch = scratch()?;
    let diagnosis = diagnose(scratch.path())?;
    let text = match global.format {
        Format::Json => json(&diagnosis)?,
        Format::Human => human(&diagnosis, Paint::for_stdout(global.color)),
    };
    terminal::stdout().write_all(text.as_bytes())?;
    Ok(if diagnosis.obstacle.is_none() {
        exit::DONE
    } else {
        exit::NO_SANDBOX
    })
}

/// A folder in the file system of the store, where there can be one: what holds elsewhere need not hold there.
fn scratch() -> io::Result<TempDir> {
    let store = env::path(env::STORE).or_else(|| Some(Dirs::of_user().ok()?.store()));
    let around = store.iter().flat_map(|store| store.ancestors());
    let near = around.into_iter().find(|folder| folder.is_dir());
    let made = near.and_then(|folder| tempfile::tempdir_in(folder).ok());
    made.map_or_else(tempfile::tempdir, Ok)
}

fn json(diagnosis: &Diagnosis) -> Result<String, Failure> {
    let remedies = diagnosis.remedies.iter();
    let remedies: Vec<_> = remedies
        .map(|it| serde_json::json!({ "cause": it.cause, "advice": it.advice }))
        .collect();
    let value = serde_json::json!({
        "sandbox": diagnosis.obstacle.is_none(),
        "obstacle": diagnosis.obstacle.as_ref().map(ToString::to_string),
        "locks": diagnosis.enforcement,
        "remedies": remedies,
    });
    Ok(format!("{}\n", serde_json::to_string(&value)?))
}

fn human(diagnosis: &Diagnosis, paint: Paint) -> String {
    let mut text = String::new();
    for (lock, held) in diagnosis.enforcement.iter() {
        let (meaning, word) = match held.state {
            LockState::Enforced => (Meaning::Good, "enforced"),
            LockState::Partial => (Meaning::Warning, "in part"),
            LockState::Absent => (Meaning::Bad, "absent"),
        };
        let state = paint.text(meaning, format!("{word:<9}"));
        line(
            &mut text,
            format!("{:<20} {state} {}", lock.as_str(), held.detail).trim_end(),
        );
    }
    if let Some(obstacle) = &diagnosis.obstacle {
        line(
            &mut text,
            &format!(
                "{} no sandbox here: {obstacle}",
                paint.text(Meaning::Bad, "error:")
            ),
        );
    }
    for remedy in &diagnosis.remedies {
        line(&mut text, &format!("\n{}", remedy.cause));
        for advice in remedy.advice.lines() {
            line(
                &mut text,
                &format!("  {}", paint.text(Meaning::Hint, advice)),
            );
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}
