//! `zwieback store`: look after the store.

use std::collections::BTreeSet;
use std::io::Write;

use zwieback_host::store::gc::Collector;
use zwieback_host::store::listing::Kind;
use zwieback_model::amount::{bytes, counted};
use zwieback_model::bake::action::ActionResult;
use zwieback_model::digest::Digest;

use crate::cli::args::global::Global;
use crate::cli::args::machine::{StoreAction, StoreArgs};
use crate::cli::commands::transfer;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::build::gc_roots;
use crate::pipeline::build::record::find;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &StoreArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    match &args.action {
        StoreAction::Path { what } => path(&session, what.as_deref()),
        StoreAction::Ls => ls(&session),
        StoreAction::Verify { repair } => verify(&session, *repair),
        StoreAction::Export { file, names } => transfer::export(&session, file, names),
        StoreAction::Import { file } => transfer::import(&session, file),
        StoreAction::Gc { dry_run, results } => gc(session, *dry_run, *results),
    }
}

fn path(session: &Session, what: Option<&str>) -> Result<u8, Failure> {
    let path = match what {
        None => session.store.path().to_owned(),
        Some(what) => {
            let digest = match what.parse::<Digest>() {
                Ok(digest) => digest,
                Err(_) => outputs(session, what)?,
            };
            session.context(true)?.tree(&digest)?.path().to_owned()
        }
    };
    say(&format!("{}\n", path.display()))
}

fn outputs(session: &Session, what: &str) -> Result<Digest, Failure> {
    let record = find(what, &session.context(true)?)?;
    let entry = session.store.action(&record.action)?;
    let result = entry.and_then(|bytes| serde_json::from_slice::<ActionResult>(&bytes).ok());
    result
        .map(|it| it.outputs)
        .ok_or_else(|| Failure::asked(format!("`{what}` has no outputs in the store")))
}

fn ls(session: &Session) -> Result<u8, Failure> {
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

fn verify(session: &Session, repair: bool) -> Result<u8, Failure> {
    let report = session.store.verify(&references)?;
    for problem in &report.problems {
        say(&format!("{problem}\n"))?;
        if repair {
            session.store.remove(&problem.object)?;
        }
    }
    let found = counted(report.problems.len(), "problem");
    let mended = if repair { ", all removed" } else { "" };
    note(&format!(
        "{} read again, {found}{mended}",
        counted(report.objects, "object")
    ));
    Ok(if report.problems.is_empty() || repair {
        exit::DONE
    } else {
        exit::DIGEST_MISMATCH
    })
}

fn gc(session: Session, dry_run: bool, results: bool) -> Result<u8, Failure> {
    let mut keep = BTreeSet::new();
    // Outside of a project there are no locks and no recipes to keep anything for.
    if let Ok(project) = session.project() {
        let ctx = session.context(true)?;
        keep.extend(gc_roots::of_locks(&project, &ctx));
        keep.extend(gc_roots::of_results(&project, &ctx)?);
    }
    let path = session.store.path().to_owned();
    drop(session);
    let collector = Collector::open(&path)?;
    if !results {
        let all = collector.store().ls()?.into_iter().map(|it| it.object);
        keep.extend(all.filter(|it| it.kind == Kind::Action).map(|it| it.digest));
    }
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

/// The objects that an action's result names.
fn references(entry: &[u8]) -> Vec<Digest> {
    let result = serde_json::from_slice::<ActionResult>(entry);
    result
        .map(|it| vec![it.outputs, it.bundle.sha256])
        .unwrap_or_default()
}

fn say(text: &str) -> Result<u8, Failure> {
    terminal::stdout().write_all(text.as_bytes())?;
    Ok(exit::DONE)
}

fn note(text: &str) {
    // Whoever closed stderr does not want to know.
    drop(writeln!(terminal::stderr(), "{text}"));
}
