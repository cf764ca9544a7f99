//! `zwieback store`: look after the store.

use std::collections::BTreeSet;
use std::io::Write;

use zwieback_core::build::action::ActionResult;
use zwieback_core::digest::Digest;
use zwieback_host::project::Project;
use zwieback_host::store::gc::Collector;

use crate::cli::args::global::Global;
use crate::cli::args::machine::{StoreAction, StoreArgs};
use crate::cli::commands::show::find;
use crate::cli::exit;
use crate::cli::screen::paint::{bytes, counted};
use crate::cli::session::Session;
use crate::pipeline::again;
use crate::pipeline::read;

/// Runs the command.
pub fn run(global: &Global, args: &StoreArgs) -> anyhow::Result<u8> {
    let session = Session::open(global)?;
    match &args.action {
        StoreAction::Path { what } => path(&session, what.as_deref()),
        StoreAction::Ls => ls(&session),
        StoreAction::Verify => verify(&session),
        StoreAction::Gc { dry_run } => gc(session, *dry_run),
    }
}

fn path(session: &Session, what: Option<&str>) -> anyhow::Result<u8> {
    let path = match what {
        None => session.store.path().to_owned(),
        Some(what) => {
            let digest = match what.parse::<Digest>() {
                Ok(digest) => digest,
                Err(_) => outputs(session, what)?,
            };
            again::stored(&digest, &session.context(true)?)?
                .path()
                .to_owned()
        }
    };
    say(&format!("{}\n", path.display()))
}

fn outputs(session: &Session, what: &str) -> anyhow::Result<Digest> {
    let record = find(session, what)?;
    let entry = session.store.action(&record.action)?;
    let result = entry.and_then(|bytes| serde_json::from_slice::<ActionResult>(&bytes).ok());
    result
        .map(|it| it.outputs)
        .ok_or_else(|| anyhow::anyhow!("`{what}` has no outputs in the store"))
}

fn ls(session: &Session) -> anyhow::Result<u8> {
    let mut text = String::new();
    for listed in session.store.ls()? {
        let object = listed.object;
        text.push_str(&format!(
            "{:<7} {} {}\n",
            object.kind.as_str(),
            object.digest,
            listed.bytes
        ));
    }
    say(&text)
}

fn verify(session: &Session) -> anyhow::Result<u8> {
    let report = session.store.verify(&references)?;
    for problem in &report.problems {
        say(&format!("{problem}\n"))?;
    }
    let found = counted(report.problems.len(), "problem");
    note(&format!(
        "{} read again, {found}",
        counted(report.objects, "object")
    ));
    Ok(if report.problems.is_empty() {
        exit::DONE
    } else {
        exit::DIGEST_MISMATCH
    })
}

fn gc(session: Session, dry_run: bool) -> anyhow::Result<u8> {
    let keep = session
        .project()
        .map(|project| locked(&project))
        .unwrap_or_default();
    let path = session.store.path().to_owned();
    drop(session);
    let collector = Collector::open(&path)?;
    let plan = collector.store().plan_gc(&keep, &references)?;
    let (objects, size) = (counted(plan.remove.len(), "object"), bytes(plan.bytes));
    if dry_run {
        note(&format!("would delete {objects}, {size}"));
    } else {
        collector.collect(&plan)?;
        note(&format!("deleted {objects}, {size}"));
    }
    Ok(exit::DONE)
}

/// What the project's locks name: fetching it again would take a network.
fn locked(project: &Project) -> BTreeSet<Digest> {
    let mut keep = BTreeSet::new();
    for name in project.recipes() {
        if let Ok(recipe) = project.recipe(&name)
            && let Ok(lock) = read::locked(&recipe).checked()
        {
            keep.extend(lock.iter().map(|input| input.sha256));
        }
    }
    for name in project.toolchains() {
        if let Ok(toolchain) = project.toolchain(&name)
            && let Ok(lock) = read::locked(&toolchain).checked()
        {
            keep.extend(lock.iter().map(|input| input.sha256));
        }
    }
    keep
}

/// The objects that an action's result names.
fn references(entry: &[u8]) -> Vec<Digest> {
    let result = serde_json::from_slice::<ActionResult>(entry);
    result
        .map(|it| vec![it.outputs, it.bundle.sha256])
        .unwrap_or_default()
}

fn say(text: &str) -> anyhow::Result<u8> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(exit::DONE)
}

fn note(text: &str) {
    // Whoever closed stderr does not want to know.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
