//! The story of `zwieback init`: a new recipe that builds as it is, and the toolchains to build it with.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use zwieback_core::draft::recipe::Draft;
use zwieback_core::draft::system::System;
use zwieback_core::name::Name;
use zwieback_host::project::Project;

use super::error::PipelineError;
use super::starter;

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
        if root.join(&folder).join("toolchain.toml").exists() {
            continue;
        }
        for (file, text) in starter::files(toolchain).into_iter().flatten() {
            write(root, &format!("{folder}/{file}"), text, &mut written)?;
        }
    }
    Ok(written)
}

/// Makes a file below the project's top. A folder on the way may be a link to anywhere, and is refused.
fn write(
    root: &Path,
    place: &str,
    text: &str,
    written: &mut Vec<PathBuf>,
) -> Result<(), PipelineError> {
    let path = &root.join(place);
    let mut folder = root.to_owned();
    for part in Path::new(place).parent().into_iter().flatten() {
        folder.push(part);
        if folder.is_symlink() {
            return Err(PipelineError::Linked { folder });
        }
    }
    // A link that leads nowhere does not exist, and writing would follow it.
    if path.symlink_metadata().is_ok() {
        return Err(PipelineError::Exists {
            path: path.to_owned(),
        });
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(PipelineError::io(parent))?;
    }
    let made = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    made.map_err(PipelineError::io(path))?;
    written.push(path.to_owned());
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
