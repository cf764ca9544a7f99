//! Folders that several users may write to: who replaces a file there by what was made from it holds its folder, or
//! what somebody else put there in between would be lost.
//!
//! What a user keeps for themself has a [`super::private::lock`]; two users share none of that.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock, fstat};
use rustix::io::Errno;

use super::given_file;

/// Folders that no other process holds; until this is dropped, or the process dies.
#[derive(Debug)]
pub struct FolderLock {
    // Released by the kernel when they are closed.
    _folders: Vec<File>,
}

/// Waits until nobody else holds a folder in which one of these files lies; one that is missing is made.
///
/// Each folder is taken once, and all are taken in the same order by everybody. Nothing is left in them. A network's
/// file system may know no lock of a folder: then only what a user keeps for themself holds commands apart.
pub fn hold(files: &[&Path]) -> io::Result<FolderLock> {
    let mut folders = BTreeMap::new();
    for file in files {
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let folder = given_file::open_folder(folder)?;
        let about = fstat(&folder)?;
        folders.insert((about.st_dev, about.st_ino), folder);
    }
    let folders: Vec<File> = folders.into_values().collect();
    for folder in &folders {
        match rustix::io::retry_on_intr(|| flock(folder, FlockOperation::LockExclusive)) {
            Ok(()) | Err(Errno::BADF | Errno::NOLCK | Errno::NOTSUP) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(FolderLock { _folders: folders })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once_by_whatever_path_and_leaves_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("new");
        let (one, other) = (folder.join("root.json"), folder.join("../new/draft.json"));
        let held = hold(&[&one, &other, &one]).unwrap();
        let opened = File::open(&folder).unwrap();
        opened.try_lock().unwrap_err();
        drop(held);
        opened.try_lock().unwrap();
        assert_eq!(folder.read_dir().unwrap().count(), 0);
    }
}
