//! `zwieback doctor`: what this machine can enforce, found out by doing.

use std::io;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;
use zwieback_host::dirs::Dirs;
use zwieback_model::enforcement::LockState;
use zwieback_model::labelled::{Line, Tone};
use zwieback_sandbox::probe::diagnosis::{Diagnosis, diagnose};

use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::{Failure, Kind};

/// Runs the command. A store that is named takes the place of the user's own.
pub fn run(store: Option<PathBuf>, screen: &dyn Tell) -> Ended {
    let scratch = scratch(store)?;
    let diagnosis = diagnose(scratch.path())?;
    screen.tell(&Answer::Shown {
        lines: lines(&diagnosis),
        values: vec![value(&diagnosis)?],
    })?;
    Ok(match diagnosis.obstacle {
        None => End::Done,
        Some(_) => End::As(Kind::NoSandbox),
    })
}

/// A folder in the file system of the store, where there can be one: what holds elsewhere need not hold there.
fn scratch(store: Option<PathBuf>) -> io::Result<TempDir> {
    let store = store.or_else(|| Some(Dirs::of_user().ok()?.store()));
    let around = store.iter().flat_map(|store| store.ancestors());
    let near = around.into_iter().find(|folder| folder.is_dir());
    let made = near.and_then(|folder| tempfile::tempdir_in(folder).ok());
    made.map_or_else(tempfile::tempdir, Ok)
}

fn value(diagnosis: &Diagnosis) -> Result<String, Failure> {
    let remedies = diagnosis.remedies.iter();
    let remedies: Vec<_> = remedies
        .map(|remedy| json!({ "cause": remedy.cause, "advice": remedy.advice }))
        .collect();
    let value = json!({
        "sandbox": diagnosis.obstacle.is_none(),
        "obstacle": diagnosis.obstacle.as_ref().map(ToString::to_string),
        "locks": diagnosis.enforcement,
        "remedies": remedies,
    });
    Ok(serde_json::to_string(&value)?)
}

fn lines(diagnosis: &Diagnosis) -> Vec<Line> {
    let mut lines = Vec::new();
    for (lock, held) in diagnosis.enforcement.iter() {
        let (tone, word) = match held.state {
            LockState::Enforced => (Tone::Good, "enforced"),
            LockState::Partial => (Tone::Warning, "in part"),
            LockState::Absent => (Tone::Bad, "absent"),
        };
        lines.push(vec![
            (Tone::Plain, format!("{:<20} ", lock.as_str())),
            (tone, format!("{word:<9}")),
            (Tone::Plain, format!(" {}", held.detail)),
        ]);
    }
    if let Some(obstacle) = &diagnosis.obstacle {
        let why = format!(" no sandbox here: {obstacle}");
        lines.push(vec![(Tone::Bad, "error:".into()), (Tone::Plain, why)]);
    }
    for remedy in &diagnosis.remedies {
        lines.extend([vec![], vec![(Tone::Plain, remedy.cause.clone())]]);
        let advice = remedy.advice.lines();
        let advice = advice.map(|line| vec![(Tone::Plain, "  ".into()), (Tone::Hint, line.into())]);
        lines.extend(advice);
    }
    lines
}
