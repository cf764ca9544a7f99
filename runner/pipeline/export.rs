//! Chapter: artifacts out of the store, for whoever wants to ship or to verify them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use zwieback_core::attest::bundle;
use zwieback_core::event::Event;
use zwieback_core::manifest::recipe::Recipe;
use zwieback_core::tree::Entry;
use zwieback_host::store::stored::StoredTree;

use super::context::Context;
use super::error::PipelineError;

/// The list of digests that `sha256sum --check` takes.
const SUMS: &str = "SHA256SUMS";

/// Copies the outputs to a folder, with the bundle, if there is one, and `SHA256SUMS`.
pub fn export(
    outputs: &StoredTree,
    bundle: Option<&Path>,
    recipe: &Recipe,
    folder: &Path,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    make(folder)?;
    let mut sums = String::new();
    for (path, entry) in outputs.tree().entries() {
        let to = folder.join(path.as_path());
        match entry {
            Entry::Directory => make(&to)?,
            Entry::Symlink { target } => replace(&to, |scratch| symlink(target, scratch))?,
            Entry::File {
                content,
                executable,
            } => {
                let from = outputs.path().join(path.as_path());
                copy(&from, &to, *executable)?;
                sums.push_str(&format!("{}  {path}\n", content.sha256));
            }
        }
    }
    replace(&folder.join(SUMS), |scratch| fs::write(scratch, &sums))?;
    if let Some(bundle) = bundle {
        let name = bundle::file_name(&recipe.recipe.name, &recipe.recipe.version);
        copy(bundle, &folder.join(name), false)?;
    }
    let entries = outputs.tree().entries();
    let files = entries.filter(|(_, it)| **it != Entry::Directory).count();
    ctx.tell(&Event::Exported {
        folder: folder.display().to_string(),
        files,
    });
    Ok(())
}

/// Points a symbolic link at the outputs. Anything else in its place is left alone.
pub fn link(outputs: &StoredTree, link: &Path) -> Result<(), PipelineError> {
    if link
        .symlink_metadata()
        .is_ok_and(|there| !there.is_symlink())
    {
        return Err(PipelineError::InTheWay {
            path: link.to_owned(),
        });
    }
    replace(link, |scratch| symlink(outputs.path(), scratch))
}

fn copy(from: &Path, to: &Path, executable: bool) -> Result<(), PipelineError> {
    replace(to, |scratch| {
        fs::copy(from, scratch)?;
        let mode = if executable { 0o755 } else { 0o644 };
        fs::set_permissions(scratch, fs::Permissions::from_mode(mode))
    })
}

/// Makes a file beside its place and moves it there: nobody ever sees half of it.
fn replace(
    to: &Path,
    make: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(), PipelineError> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let scratch = to.with_file_name(name);
    let moved = make(&scratch).and_then(|()| fs::rename(&scratch, to));
    moved.map_err(|source| {
        drop(fs::remove_file(&scratch));
        PipelineError::Io {
            file: to.to_owned(),
            source,
        }
    })
}

fn make(folder: &Path) -> Result<(), PipelineError> {
    fs::create_dir_all(folder).map_err(PipelineError::io(folder))
}
