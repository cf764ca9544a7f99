//! The files that a command line names: themselves, or all that is in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The list of digests that an export writes; what it says is covered by the bundle.
const SUMS: &str = "SHA256SUMS";
/// How a bundle's file name ends.
const BUNDLE: &str = ".sigstore.json";
/// How the name of the file with the outputs' tree ends.
const TREE: &str = ".tree";
/// No honest tree of outputs is deeper.
const DEEPEST: usize = 64;

/// Every file named, and every file below each folder named. Bundles and lists of digests that lie
/// in a folder are not artifacts; links are not either: no subject is one.
pub fn expand(named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let before = files.len();
            below(path, 0, &mut files)?;
            if files.len() == before {
                bail!("{}: no artifact in this folder", path.display());
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn below(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if depth > DEEPEST {
        bail!("{}: deeper than {DEEPEST} folders", folder.display());
    }
    let about = || folder.display().to_string();
    let entries = fs::read_dir(folder).with_context(about)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(about)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().with_context(about)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_written = name == SUMS || name.ends_with(BUNDLE) || name.ends_with(TREE);
        let is_beside = depth == 0 && is_written;
        if kind.is_dir() {
            below(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() && !is_beside {
            files.push(entry.path());
        }
    }
    Ok(())
}
