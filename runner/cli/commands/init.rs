//! `zwieback init`: write a new recipe.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use zwieback_host::project::Project;
use zwieback_model::draft::recipe::Draft;
use zwieback_model::draft::system::System;
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;

use crate::cli::args::build::InitArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::lock::drafting::{self, Found};
use crate::pipeline::lock::init;
use crate::pipeline::lock::locked::lock;
use crate::pipeline::lock::resolver::Resolver;

/// What a recipe is to be made from.
enum What {
    Name(Name),
    Package(Box<Purl>),
    Folder(PathBuf),
}

/// Runs the command.
pub fn run(global: &Global, args: &InitArgs) -> Result<u8, Failure> {
    let here = std::env::current_dir().context("the present folder is gone")?;
    let what = match &args.what {
        Some(what) => what.clone(),
        // Nobody to ask: whatever lies here is meant.
        None => asked("What to build: a name, a package URL or a folder", ".")?,
    };
    match what_is(&what, &here)? {
        What::Name(name) => tell(global, &here, &init::program(&here, &name)?)?,
        what => from_source(global, args, &here, &what)?,
    }
    Ok(exit::DONE)
}

fn what_is(what: &str, here: &Path) -> Result<What, Failure> {
    if what.starts_with("pkg:") {
        return Ok(What::Package(Box::new(what.parse()?)));
    }
    let is_path = what == "." || what.contains('/');
    if is_path {
        return Ok(What::Folder(here.join(what)));
    }
    Ok(What::Name(what.parse()?))
}

/// Looks at the source, writes the recipe and locks it: what was looked at is what is built.
fn from_source(global: &Global, args: &InitArgs, here: &Path, what: &What) -> Result<(), Failure> {
    let session = Session::open(global)?;
    let ctx = session.context(false)?;
    let root = init::root(here);
    let mut resolver = Resolver::new(&root, &ctx);
    let name: Name = asked("Name of the recipe", &proposed_name(what, here))?.parse()?;
    let found = match what {
        What::Package(purl) => drafting::package(&name, purl, &args.url, &mut resolver)?,
        What::Folder(folder) => {
            drafting::folder(&name, drafting::in_project(&root, folder)?, &resolver)?
        }
        What::Name(_) => unreachable!("a name alone has no source to look at"),
    };
    let system = system(&found)?;
    let draft = Draft {
        name: name.clone(),
        version: found.version,
        source: found.source,
        system,
    };
    tell(global, here, &init::draft(&root, &draft)?)?;
    let project = Project::find(&root)?;
    lock(&project.recipe(name.as_str())?, &mut resolver)?;
    let file = root
        .join("recipes")
        .join(name.as_str())
        .join("zwieback.lock");
    tell(global, here, &[file])
}

fn proposed_name(what: &What, here: &Path) -> String {
    let name = match what {
        What::Name(name) => name.to_string(),
        What::Package(purl) => purl.name().to_owned(),
        What::Folder(folder) => {
            let folder = folder.canonicalize().unwrap_or_else(|_| here.to_owned());
            folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        }
    };
    name.to_lowercase()
}

/// How it is built: a person may know better than its files.
fn system(found: &Found) -> Result<System, Failure> {
    let known = System::ALL.map(System::as_str).join(", ");
    let proposed = found.system.map(System::as_str).unwrap_or_default();
    let word = asked(&format!("How it is built ({known})"), proposed)?;
    System::named(&word).ok_or_else(|| PipelineError::UnknownSystem { known }.into())
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

fn tell(global: &Global, here: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    let mut err = terminal::stderr();
    for file in files {
        let shown = file.strip_prefix(here).unwrap_or(file);
        writeln!(err, "     Created {}", shown.display())?;
    }
    Ok(())
}
