//! The story of `zwieback init`: a new recipe that builds as it is, and the toolchains to build it with.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zwieback_host::fs::{beneath, given_file};
use zwieback_host::project::Project;
use zwieback_model::draft::recipe::Draft;
use zwieback_model::draft::system::System;
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;

use super::drafting::{self, Found};
use super::locked::lock;
use super::resolver::Resolver;
use super::starter;
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::{About as _, Failure};

/// What a recipe is to be made from.
#[derive(Clone, Debug)]
pub enum What {
    /// A name alone.
    Name(Name),
    /// What has a source to look at.
    Source(Origin),
}

/// Something that has a source to look at.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A package.
    Package(Box<Purl>),
    /// A folder of the project.
    Folder(PathBuf),
}

/// Puts a question to whoever runs the command; the second text is proposed for an answer.
pub type Ask<'a> = &'a dyn Fn(&str, &str) -> Result<String, Failure>;

impl FromStr for What {
    type Err = Failure;

    fn from_str(what: &str) -> Result<Self, Failure> {
        if what.starts_with("pkg:") {
            return Ok(Self::Source(Origin::Package(Box::new(what.parse()?))));
        }
        if what == "." || what.contains('/') {
            return Ok(Self::Source(Origin::Folder(here()?.join(what))));
        }
        Ok(Self::Name(what.parse()?))
    }
}

/// Writes a recipe of four lines, and the toolchain if the project has none.
pub fn program(name: &Name, screen: &dyn Tell) -> Ended {
    let here = here()?;
    created(
        &put(&root(&here), name, &of_program(name), &["c"])?,
        &here,
        screen,
    )
}

/// Looks at the source, writes the recipe and locks it: what was looked at is what is built.
pub fn from_source(
    (origin, urls): (&Origin, &[String]),
    ask: Ask<'_>,
    ctx: &Context<'_>,
    screen: &dyn Tell,
) -> Ended {
    let here = here()?;
    let root = root(&here);
    let mut resolver = Resolver::new(&root, ctx);
    let name: Name = ask("Name of the recipe", &origin.proposed_name(&here))?.parse()?;
    let found = match origin {
        Origin::Package(purl) => drafting::package(&name, purl, urls, &mut resolver)?,
        Origin::Folder(folder) => {
            drafting::folder(&name, drafting::in_project(&root, folder)?, &resolver)?
        }
    };
    let draft = Draft {
        name: name.clone(),
        system: system(&found, ask)?,
        version: found.version,
        source: found.source,
    };
    let toolchains = System::toolchains(draft.system);
    created(
        &put(&root, &name, &draft.to_text(), toolchains)?,
        &here,
        screen,
    )?;
    let project = Project::find(&root)?;
    lock(&project.recipe(name.as_str())?, &mut resolver)?;
    let folder = root.join("recipes").join(name.as_str());
    created(&[folder.join("zwieback.lock")], &here, screen)
}

impl Origin {
    fn proposed_name(&self, here: &Path) -> String {
        let name = match self {
            Self::Package(purl) => purl.name().to_owned(),
            Self::Folder(folder) => {
                let folder = folder.canonicalize().unwrap_or_else(|_| here.to_owned());
                let name = folder.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            }
        };
        name.to_lowercase()
    }
}

/// How it is built: a person may know better than its files.
fn system(found: &Found, ask: Ask<'_>) -> Result<System, Failure> {
    let known = System::ALL.map(System::as_str).join(", ");
    let proposed = found.system.map(System::as_str).unwrap_or_default();
    let word = ask(&format!("How it is built ({known})"), proposed)?;
    System::named(&word).ok_or_else(|| PipelineError::UnknownSystem { known }.into())
}

fn here() -> Result<PathBuf, Failure> {
    std::env::current_dir().context("the present folder is gone")
}

fn created(files: &[PathBuf], here: &Path, screen: &dyn Tell) -> Ended {
    for file in files {
        let shown = file.strip_prefix(here).unwrap_or(file).display();
        screen.tell(&Answer::note(Tone::Good, "Created", shown.to_string()))?;
    }
    Ok(End::Done)
}

/// The top of the project around a folder, or the folder, which becomes one.
fn root(folder: &Path) -> PathBuf {
    Project::find(folder).map_or_else(|_| folder.to_owned(), |it| it.root().to_owned())
}

fn put(
    root: &Path,
    name: &Name,
    recipe: &str,
    toolchains: &[&str],
) -> Result<Vec<PathBuf>, PipelineError> {
    let mut written = Vec::new();
    let place = format!("recipes/{name}/recipe.toml");
    write(root, &place, recipe, &mut written)?;
    for toolchain in toolchains {
        let folder = format!("toolchains/{toolchain}");
        if has(root, &format!("{folder}/toolchain.toml"))? {
            continue;
        }
        for (file, text) in starter::files(toolchain).into_iter().flatten() {
            write(root, &format!("{folder}/{file}"), text, &mut written)?;
        }
    }
    Ok(written)
}

/// Whether the project has a file already.
fn has(root: &Path, place: &str) -> Result<bool, PipelineError> {
    let top = given_file::open_folder(root).map_err(PipelineError::io(root))?;
    // What lies behind a link is not the project's, and who writes there is told.
    let seen = beneath::look(top.as_fd(), place);
    let seen = seen.map_err(|fault| PipelineError::io(&root.join(place))(fault.into()))?;
    Ok(seen.is_some())
}

/// Makes a file below the project's top. A folder on the way may be a link to anywhere, and is refused.
fn write(
    root: &Path,
    place: &str,
    text: &str,
    written: &mut Vec<PathBuf>,
) -> Result<(), PipelineError> {
    let path = root.join(place);
    let top = given_file::open_folder(root).map_err(PipelineError::io(root))?;
    for (end, _) in place.match_indices('/') {
        let part = &place[..end];
        let link = given_file::link_on_way(top.as_fd(), part);
        if let Some(link) = link.map_err(PipelineError::io(root))? {
            let folder = root.join(link);
            return Err(PipelineError::Linked { folder });
        }
        let made = beneath::ensure_dir(top.as_fd(), part);
        made.map_err(|fault| PipelineError::io(&root.join(part))(fault.into()))?;
    }
    let made = beneath::write_new(top.as_fd(), place, text.as_bytes());
    match made.map_err(io::Error::from) {
        // A link that leads nowhere is there as well.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(PipelineError::Exists { path });
        }
        made => made.map_err(PipelineError::io(&path))?,
    }
    written.push(path);
    Ok(())
}

fn of_program(name: &Name) -> String {
    format!(
        r#"[recipe]
name = "{name}"
version = "0.1.0"
toolchains = ["c"]

[[steps]]
name = "compile"
run = """
printf '#include <stdio.h>\nint main(void) {{ puts("twice baked"); }}\n' > main.c
mkdir -p $OUT/usr/bin
cc -O2 -o $OUT/usr/bin/{name} main.c
"""

[outputs]
program = "usr/bin/{name}"
"#
    )
}
