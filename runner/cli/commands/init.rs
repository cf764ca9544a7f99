//! `zwieback init`: write a new recipe.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::cli::args::build::InitArgs;
use crate::cli::args::global::Global;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::lock::init::{self, What};

/// Runs the command.
pub fn run(global: &Global, args: &InitArgs) -> Result<u8, Failure> {
    let what = match &args.what {
        Some(what) => what.clone(),
        // Nobody to ask: whatever lies here is meant.
        None => asked("What to build: a name, a package URL or a folder", ".")?,
    };
    let screen = Answers::new(global);
    Ok(answers::code(match what.parse::<What>()? {
        What::Name(name) => init::program(&name, &screen)?,
        What::Source(origin) => {
            let session = Session::open(global)?;
            let ctx = session.context(false)?;
            init::from_source((&origin, &args.url), &asked, &ctx, &screen)?
        }
    }))
}

/// What a person at the terminal says, or what is proposed.
fn asked(question: &str, proposed: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(proposed.to_owned());
    }
    let mut err = terminal::stderr();
    write!(err, "{question} [{proposed}]: ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { proposed } else { answer }.to_owned())
}
