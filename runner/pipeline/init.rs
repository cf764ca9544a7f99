//! The story of `zwieback init`: a new recipe that builds as it is, and a toolchain to build it with.

use std::fs;
use std::path::{Path, PathBuf};

use zwieback_core::name::Name;
use zwieback_core::purl::Purl;
use zwieback_host::project::Project;

use super::error::PipelineError;

/// The toolchain that a new project starts with, and the lock that pins it.
const TOOLCHAIN: [(&str, &str); 2] = [
    (
        "toolchain.toml",
        include_str!("../../toolchains/c/toolchain.toml"),
    ),
    (
        "zwieback.lock",
        include_str!("../../toolchains/c/zwieback.lock"),
    ),
];

/// What a new recipe is made from.
#[derive(Clone, Debug)]
pub enum Seed {
    /// A program of four lines.
    Name(Name),
    /// A Debian source package.
    Source(Box<Purl>, Name),
}

/// Writes the recipe, and the toolchain if the project has none; answers the files written.
pub fn init(folder: &Path, seed: &Seed) -> Result<Vec<PathBuf>, PipelineError> {
    let root = Project::find(folder).map_or_else(|_| folder.to_owned(), |it| it.root().to_owned());
    let (name, text) = match seed {
        Seed::Name(name) => (name, program(name)),
        Seed::Source(purl, name) => (name, package(purl, name)),
    };
    let mut written = Vec::new();
    write(
        &root.join("recipes").join(name.as_str()).join("recipe.toml"),
        &text,
        &mut written,
    )?;
    if !root.join("toolchains/c/toolchain.toml").exists() {
        for (file, text) in TOOLCHAIN {
            write(&root.join("toolchains/c").join(file), text, &mut written)?;
        }
    }
    Ok(written)
}

fn write(path: &Path, text: &str, written: &mut Vec<PathBuf>) -> Result<(), PipelineError> {
    if path.exists() {
        return Err(PipelineError::Exists {
            path: path.to_owned(),
        });
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(PipelineError::io(parent))?;
    }
    fs::write(path, text).map_err(PipelineError::io(path))?;
    written.push(path.to_owned());
    Ok(())
}

fn program(name: &Name) -> String {
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

fn package(purl: &Purl, name: &Name) -> String {
    let version = purl.version().unwrap_or("0");
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    let upstream = upstream
        .rsplit_once('-')
        .map_or(upstream, |(upstream, _)| upstream);
    format!(
        r#"[recipe]
name = "{name}"
version = "{upstream}"
toolchains = ["c"]

[sources.{name}]
purl = "{purl}"
file = "{name}_{upstream}.orig.tar.gz" # `zwieback lock` lists the files if there is no such one

[[steps]]
name = "configure"
dir = "{name}"
run = "./configure --prefix=/usr"

[[steps]]
name = "compile"
dir = "{name}"
run = "make -j$ZWIEBACK_JOBS"

[[steps]]
name = "install"
dir = "{name}"
run = "make install DESTDIR=$OUT"
"#
    )
}
