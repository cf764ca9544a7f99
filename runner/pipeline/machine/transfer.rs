//! `zwieback store export` and `import`: what builds need, carried to a machine without a network.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use zwieback_host::fs::given_file;
use zwieback_host::fs::replace::{Synced, WholeFile};
use zwieback_host::store::transfer::Transferred;
use zwieback_model::amount::{bytes, counted};

use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::failure::About as _;
use crate::pipeline::inputs::fetch::{at_hand, everything};

/// The name that means a stream of this process.
const STREAM: &str = "-";

/// Writes what the named recipes and toolchains are made of, or what all are, to a file or to stdout.
pub fn export(
    (file, names): (&Path, &[String]),
    stdout: impl Write,
    ctx: &Context<'_>,
    screen: &dyn Tell,
) -> Ended {
    let project = ctx.project()?;
    let all = everything(&project);
    let names = if names.is_empty() { &all } else { names };
    let wanted = at_hand(&project, names, ctx)?;
    let blobs: BTreeSet<_> = wanted.inputs.iter().map(|input| input.sha256).collect();
    let done = if file == Path::new(STREAM) {
        ctx.store.export(&blobs, stdout)?
    } else {
        let cannot = || format!("cannot write {}", file.display());
        let whole = WholeFile::of_mode(0o600).synced(Synced::File);
        let filled = whole.fill(file, |into| ctx.store.export(&blobs, into));
        filled.map_err(io::Error::from).with_context(cannot)??
    };
    tell("exported", &done, screen)
}

/// Takes in what was exported, from a file or from stdin.
pub fn import(file: &Path, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let done = if file == Path::new(STREAM) {
        ctx.store.import(io::stdin().lock())?
    } else {
        let opened = given_file::open(file);
        let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
        ctx.store.import(opened)?
    };
    tell("imported", &done, screen)
}

fn tell(what: &str, done: &Transferred, screen: &dyn Tell) -> Ended {
    let (files, size) = (counted(done.files, "file"), bytes(done.bytes));
    let present = match done.present {
        0 => String::new(),
        present => format!(", {present} of them were there"),
    };
    let sentence = format!("{what} {files}, {size}{present}");
    screen.tell(&Answer::Beside(sentence))?;
    Ok(End::Done)
}
