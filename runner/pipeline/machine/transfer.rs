//! `zwieback store export` and `import`: what builds need, carried to a machine without a network.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;

use zwieback_host::fs::given_file;
use zwieback_host::fs::replace::{Synced, WholeFile};
use zwieback_host::store::transfer::Transferred;

use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::inputs::fetch::{at_hand, everything};
use zwieback_model::amount::{bytes, counted};

/// The name that means a stream of this process.
const STREAM: &str = "-";

/// Writes what the named recipes and toolchains are made of, or what all are.
pub fn export(session: &Session, file: &Path, names: &[String]) -> Result<u8, Failure> {
    let project = session.project()?;
    let all = everything(&project);
    let names = if names.is_empty() { &all } else { names };
    let wanted = at_hand(&project, names, &session.context(true)?)?;
    let blobs: BTreeSet<_> = wanted.inputs.iter().map(|input| input.sha256).collect();
    let done = if file == Path::new(STREAM) {
        session.store.export(&blobs, terminal::bytes())?
    } else {
        let cannot = || format!("cannot write {}", file.display());
        let whole = WholeFile::of_mode(0o600).synced(Synced::File);
        let filled = whole.fill(file, |into| session.store.export(&blobs, into));
        filled.map_err(io::Error::from).with_context(cannot)??
    };
    note("exported", &done);
    Ok(exit::DONE)
}

/// Takes in what was exported.
pub fn import(session: &Session, file: &Path) -> Result<u8, Failure> {
    let done = if file == Path::new(STREAM) {
        session.store.import(io::stdin().lock())?
    } else {
        let opened = given_file::open(file);
        let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
        session.store.import(opened)?
    };
    note("imported", &done);
    Ok(exit::DONE)
}

fn note(what: &str, done: &Transferred) {
    let present = match done.present {
        0 => String::new(),
        present => format!(", {present} of them were there"),
    };
    let text = format!(
        "{what} {}, {}{present}",
        counted(done.files, "file"),
        bytes(done.bytes)
    );
    // Whoever closed stderr does not want to know.
    drop(writeln!(terminal::stderr(), "{text}"));
}
