//! A folder of the project as a source: what version control would keep of it, as a tree.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zwieback_core::manifest::project_folder::Selection;
use zwieback_core::rel_path::RelPath;

use crate::ecosystem::client_program::ask;
use crate::ecosystem::error::EcosystemError;
use crate::fs::fault::Attempt as _;
use crate::launch::client::GIT;
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::store::writer::Layer;

/// Folders of version control itself.
const OWN: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// Puts the tree of a folder into the store: tracked and new files, without what is ignored.
pub fn tree(
    store: &Store,
    folder: &Path,
    selection: &Selection,
) -> Result<StoredTree, EcosystemError> {
    let writer = store.tree_writer()?;
    let layer = writer.layer("the folder");
    let mut piece = Vec::new();
    let mut own = kept(folder)?;
    own.retain(|path| selection.covers(path));
    if own.is_empty() {
        return Err(EcosystemError::EmptyFolder(folder.to_owned()));
    }
    for path in own {
        put(&layer, folder, path, &mut piece)?;
    }
    Ok(writer.commit()?)
}

/// The files and links below a folder that belong to it.
fn kept(folder: &Path) -> Result<Vec<RelPath>, EcosystemError> {
    let at = folder.to_string_lossy();
    let arguments = [
        "-C",
        &*at,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let is_below_git = folder.ancestors().any(|above| above.join(".git").exists());
    // A project in a folder that a repository around it ignores is no part of that repository.
    let is_ignored = || ask(&GIT, &["-C", &at, "check-ignore", "--quiet", "."]).is_ok();
    if !is_below_git || is_ignored() {
        let mut all = Vec::new();
        walk(folder, "", &mut all)?;
        return Ok(all);
    }
    let listed = ask(&GIT, &arguments)?;
    let mut paths = BTreeSet::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let path: RelPath = name.trim_end_matches('/').parse()?;
        // Deleted and not yet committed: git still lists it.
        if folder.join(path.as_path()).symlink_metadata().is_ok() {
            paths.insert(path);
        }
    }
    Ok(paths.into_iter().collect())
}

fn walk(folder: &Path, below: &str, all: &mut Vec<RelPath>) -> Result<(), EcosystemError> {
    let here = folder.join(below);
    let mut names = Vec::new();
    for entry in fs::read_dir(&here).map_err(EcosystemError::io("list", &here))? {
        let entry = entry.map_err(EcosystemError::io("list", &here))?;
        let kind = entry
            .file_type()
            .map_err(EcosystemError::io("stat", &entry.path()))?;
        names.push((entry.file_name().to_string_lossy().into_owned(), kind));
    }
    names.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, kind) in names {
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if !kind.is_dir() {
            all.push(path.parse()?);
        } else if !OWN.contains(&name.as_str()) {
            walk(folder, &path, all)?;
        }
    }
    Ok(())
}

fn put(
    layer: &Layer<'_>,
    folder: &Path,
    path: RelPath,
    piece: &mut Vec<u8>,
) -> Result<(), EcosystemError> {
    let file = folder.join(path.as_path());
    let meta = file
        .symlink_metadata()
        .map_err(EcosystemError::io("stat", &file))?;
    if meta.is_symlink() {
        let target = fs::read_link(&file).map_err(EcosystemError::io("readlink", &file))?;
        let target = target.to_string_lossy();
        // A link may lead anywhere inside the folder, and nowhere else.
        if !path.links_inside(&target) {
            return Err(EcosystemError::LeadsOut {
                path: path.to_string(),
                target: target.into_owned(),
            });
        }
        return Ok(layer.symlink(path, &target)?);
    }
    if meta.is_dir() {
        // A submodule that is not checked out, or a repository inside this one.
        return Ok(layer.directory(&path)?);
    }
    if !meta.is_file() {
        let kind = io::Error::other("it is neither file, folder nor link");
        return Err(EcosystemError::io("read", &file)(kind));
    }
    piece.clear();
    let mut source = fs::File::open(&file).map_err(EcosystemError::io("open", &file))?;
    let is_executable = meta.permissions().mode() & 0o100 != 0;
    let shown = path.to_string();
    let mut copy = layer.file(path, is_executable)?;
    io::copy(&mut source, &mut copy)
        .attempt("write", shown.as_str())
        .map_err(StoreError::from)?;
    copy.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn scene() -> (tempfile::TempDir, Store) {
        let scene = tempfile::tempdir().unwrap();
        let store = Store::open(&scene.path().join("store")).unwrap();
        let folder = scene.path().join("src/inner");
        fs::create_dir_all(&folder).unwrap();
        fs::write(scene.path().join("src/a.c"), "int a;").unwrap();
        fs::write(folder.join("b.o"), "object").unwrap();
        symlink("../a.c", folder.join("link")).unwrap();
        (scene, store)
    }

    fn paths(store: &Store, folder: &Path) -> Vec<String> {
        let tree = tree(store, folder, &Selection::default()).unwrap();
        let files = tree.tree().entries().map(|(path, _)| path.to_string());
        files.collect()
    }

    #[test]
    fn what_git_ignores_is_left_out() {
        let (scene, store) = scene();
        let folder = scene.path().join("src");
        assert_eq!(
            paths(&store, &folder),
            ["a.c", "inner", "inner/b.o", "inner/link"]
        );
        let init = ["init", "-q", &folder.to_string_lossy()];
        ask(&GIT, &init).unwrap();
        fs::write(folder.join(".gitignore"), "*.o\n").unwrap();
        assert_eq!(
            paths(&store, &folder),
            [".gitignore", "a.c", "inner", "inner/link"]
        );
    }

    #[test]
    fn a_link_out_is_refused() {
        for target in ["/etc/passwd", "../../x", "../../../src/a.c"] {
            let (scene, store) = scene();
            symlink(target, scene.path().join("src/inner/out")).unwrap();
            let error = tree(&store, &scene.path().join("src"), &Selection::default()).unwrap_err();
            assert!(matches!(error, EcosystemError::LeadsOut { .. }), "{target}");
        }
    }
}
