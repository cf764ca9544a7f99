//! The story of `zwieback init`: a new recipe that builds as it is, and the toolchains to build it with.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use zwieback_host::fs::{beneath, given_file};
use zwieback_host::project::Project;
use zwieback_model::draft::recipe::Draft;
use zwieback_model::draft::system::System;
use zwieback_model::name::Name;

use super::starter;
use crate::pipeline::context::error::PipelineError;

/// Writes a recipe of four lines, and the toolchain if the project has none; answers the files written.
pub fn program(folder: &Path, name: &Name) -> Result<Vec<PathBuf>, PipelineError> {
    let root = root(folder);
    put(&root, name, &of_program(name), &["c"])
}

/// Writes the recipe of a draft, and the toolchains that the project does not have.
pub fn draft(root: &Path, draft: &Draft) -> Result<Vec<PathBuf>, PipelineError> {
    let toolchains = System::toolchains(draft.system);
    put(root, &draft.name, &draft.to_text(), toolchains)
}

/// The top of the project around a folder, or the folder, which becomes one.
pub fn root(folder: &Path) -> PathBuf {
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
