//! A folder of the project as a source: what version control would keep of it, as a tree.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::FileType;
use zwieback_model::glob::TooMuchWork;
use zwieback_model::manifest::project_folder::Selection;
use zwieback_model::rel_path::RelPath;
use zwieback_sandbox::call::Attempt as _;

use crate::ecosystem::error::EcosystemError;
use crate::fs::pour::{PourError, pour};
use crate::fs::{beneath, given_file};
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::store::writer::Layer;
use crate::worktree::error::WorktreeError;
use crate::worktree::listing::{DEEPEST, Listing, MOST, list};

/// Folders of version control itself.
const OWN: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// What was made of a folder.
pub struct Taken {
    /// Its tree.
    pub tree: StoredTree,
    /// Folders of it that stay empty: submodules that are not checked out, repositories that are none.
    pub absent: Vec<RelPath>,
}

/// Puts the tree of a folder into the store: tracked and new files, without what is ignored, and at most so
/// many bytes. A hole of a file counts like what it reads as.
pub fn take(
    store: &Store,
    folder: &Path,
    selection: &Selection,
    most: u64,
) -> Result<Taken, EcosystemError> {
    let writer = store.tree_writer()?;
    let layer = writer.layer("the folder");
    let mut own = kept(folder)?;
    own.paths = covered(own.paths, selection)?;
    own.absent = covered(own.absent, selection)?;
    if own.paths.is_empty() {
        return Err(EcosystemError::EmptyFolder(folder.to_owned()));
    }
    let root = given_file::open_folder(folder).map_err(EcosystemError::io("open", folder))?;
    let mut left = most;
    for path in own.paths {
        let too_large = || EcosystemError::TooLarge {
            what: folder.display().to_string(),
            most,
        };
        let taken = put(&layer, root.as_fd(), path, left)?;
        left = left.checked_sub(taken).ok_or_else(too_large)?;
    }
    Ok(Taken {
        tree: writer.commit()?,
        absent: own.absent,
    })
}

fn covered(paths: Vec<RelPath>, selection: &Selection) -> Result<Vec<RelPath>, TooMuchWork> {
    let mut kept = Vec::new();
    for path in paths {
        if selection.covers(&path)? {
            kept.push(path);
        }
    }
    Ok(kept)
}

/// The files and links below a folder that belong to it.
fn kept(folder: &Path) -> Result<Listing, EcosystemError> {
    if let Some(listing) = list(folder)? {
        return Ok(listing);
    }
    let mut listing = Listing::default();
    walk(folder, "", &mut listing.paths)?;
    Ok(listing)
}

fn walk(folder: &Path, below: &str, all: &mut Vec<RelPath>) -> Result<(), EcosystemError> {
    if below.split('/').count() > DEEPEST {
        let folder = folder.to_owned();
        return Err(WorktreeError::TooDeep {
            folder,
            most: DEEPEST,
        }
        .into());
    }
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
        if all.len() >= MOST {
            let folder = folder.to_owned();
            return Err(WorktreeError::TooMany { folder, most: MOST }.into());
        }
        if !kind.is_dir() {
            all.push(path.parse()?);
        } else if !OWN.contains(&name.as_str()) {
            walk(folder, &path, all)?;
        }
    }
    Ok(())
}

/// Copies one entry; it is opened beneath the folder and through no link, whatever it has become. Answers
/// how long it is, and copies nothing of what is longer than `most`.
fn put(
    layer: &Layer<'_>,
    root: BorrowedFd<'_>,
    path: RelPath,
    most: u64,
) -> Result<u64, EcosystemError> {
    let shown = path.to_string();
    let gone = || EcosystemError::io("stat", path.as_path())(io::ErrorKind::NotFound.into());
    let stat = beneath::look(root, &shown)?.ok_or_else(gone)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => return link(layer, root, path).map(|()| 0),
        // A submodule that is not checked out, or a repository inside this one.
        FileType::Directory => return Ok(layer.directory(&path).map(|()| 0)?),
        _ => {}
    }
    let mut source = beneath::open_file(root, &shown)?;
    let meta = source.metadata();
    let meta = meta.map_err(EcosystemError::io("stat", path.as_path()))?;
    if !meta.is_file() {
        let kind = io::Error::other("it is neither file, folder nor link");
        return Err(EcosystemError::io("read", path.as_path())(kind));
    }
    if meta.len() > most {
        return Ok(meta.len());
    }
    let is_executable = meta.permissions().mode() & 0o100 != 0;
    let mut copy = layer.file(path, is_executable)?;
    let length = match pour(&mut source, &mut copy, most) {
        Ok(length) => length,
        // It has grown since.
        Err(PourError::TooLong(_)) => return Ok(most.saturating_add(1)),
        Err(PourError::Interrupted) => return Err(EcosystemError::Cancelled),
        Err(PourError::Read(error)) => {
            return Err(EcosystemError::io("read", Path::new(&shown))(error));
        }
        Err(PourError::Write(error)) => {
            let failed = Err(error).attempt("write", shown.as_str());
            return Ok(failed.map_err(StoreError::from)?);
        }
    };
    copy.finish()?;
    Ok(length)
}

fn link(layer: &Layer<'_>, root: BorrowedFd<'_>, path: RelPath) -> Result<(), EcosystemError> {
    let (above, name) = match path.as_str().rsplit_once('/') {
        Some((above, name)) => (Some(beneath::open_dir(root, above)?), name),
        None => (None, path.as_str()),
    };
    let above = above.as_ref().map_or(root, AsFd::as_fd);
    let name = CString::new(name).expect("no path of a tree holds a zero byte");
    let target = beneath::read_symlink(above, &name)?;
    let target = target.to_string_lossy();
    // A link may lead anywhere inside the folder, and nowhere else.
    if !path.links_inside(&target) {
        return Err(EcosystemError::LeadsOut {
            path: path.to_string(),
            target: target.into_owned(),
        });
    }
    Ok(layer.symlink(path, &target)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const LARGE: u64 = 1 << 20;

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
        let taken = take(store, folder, &Selection::default(), LARGE).unwrap();
        let files = taken
            .tree
            .tree()
            .entries()
            .map(|(path, _)| path.to_string());
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
        let mut git = std::process::Command::new("git");
        let made = git.args(["init", "-q"]).arg(&folder).status();
        assert!(made.unwrap().success());
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
            let folder = scene.path().join("src");
            let error = take(&store, &folder, &Selection::default(), LARGE)
                .err()
                .unwrap();
            assert!(matches!(error, EcosystemError::LeadsOut { .. }), "{target}");
        }
    }

    #[test]
    fn a_folder_has_a_largest_size_and_holes_count() {
        let (scene, store) = scene();
        let folder = scene.path().join("src");
        let files: u64 = 6 + 6;
        assert!(take(&store, &folder, &Selection::default(), files).is_ok());
        let too_large = |most| {
            let taken = take(&store, &folder, &Selection::default(), most);
            matches!(taken, Err(EcosystemError::TooLarge { most: told, .. }) if told == most)
        };
        assert!(too_large(files - 1));
        // Nothing is read of it: this would take an hour.
        let sparse = fs::File::create(folder.join("hole")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        assert!(too_large(4 << 30));
    }

    #[test]
    fn folders_within_each_other_have_an_end() {
        for is_repository in [false, true] {
            let (scene, store) = scene();
            let folder = scene.path().join("src");
            let deep = folder.join("d/".repeat(1500));
            fs::create_dir_all(&deep).unwrap();
            fs::write(deep.join("file"), "").unwrap();
            if is_repository {
                let mut git = std::process::Command::new("git");
                let made = git.args(["init", "-q"]).arg(&folder).status();
                assert!(made.unwrap().success());
            }
            let refused = take(&store, &folder, &Selection::default(), LARGE).err();
            let refused = refused.unwrap().to_string();
            assert!(refused.contains("more than 256 deep"), "{refused}");
        }
    }
}
