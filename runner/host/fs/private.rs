//! What a user keeps for themself: folders and files that nobody else looks into, whatever the umask is.
//!
//! All that this program remembers is made here: who could write there could make it forget.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::beneath::open_lock;
use super::given_file;
use super::replace::{Synced, WholeFile};

/// What nobody but the owner of a file or folder has to do with it.
const OTHERS: u32 = 0o077;

/// Makes a folder, and those above it that are missing, for this user alone. One that is there and is
/// this user's own is closed to others.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let found = fs::metadata(folder)?;
    if found.mode() & OTHERS != 0 && found.uid() == rustix::process::geteuid().as_raw() {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Puts a file in place that this user alone can read: whole or not at all, and for good. Of two that do
/// so at the same time the later one stays: who writes what depends on what is there holds a [`lock`].
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    make_folder(folder_of(path))?;
    Ok(FOR_GOOD.write(path, content)?)
}

/// The same where nothing is; a file that is there stays, and is an error.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    make_folder(folder_of(path))?;
    Ok(FOR_GOOD.unless_there().write(path, content)?)
}

/// A file that one process holds at a time; made if it is missing, and never written to.
#[derive(Debug)]
pub struct Lock {
    // Released by the kernel when it is closed.
    _file: File,
}

/// Waits until no other process holds this file.
pub fn lock(path: &Path) -> io::Result<Lock> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or(io::ErrorKind::InvalidFilename)?;
    let file = open_lock(given_file::open_folder(folder)?.as_fd(), name)?;
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))?;
    Ok(Lock { _file: file.into() })
}

const FOR_GOOD: WholeFile<'static> = WholeFile::of_mode(0o600).synced(Synced::FileAndFolder);

fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn others_are_kept_out_also_of_what_was_open_to_them() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("state/roots");
        let file = folder.join("1.json");
        write(&file, b"one").unwrap();
        let parent = mode(folder.parent().unwrap());
        assert_eq!((parent, mode(&folder), mode(&file)), (0o700, 0o700, 0o600));
        for path in [&folder, &file] {
            fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        }
        write(&file, b"two").unwrap();
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        assert_eq!(fs::read(&file).unwrap(), b"two");
    }

    #[test]
    fn what_is_there_is_not_written_anew() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("state/1.json");
        write_new(&file, b"one").unwrap();
        let refused = write_new(&file, b"two").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"one");
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn one_holds_a_lock_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let place = scratch.path().join("state/lock");
        let held = lock(&place).unwrap();
        let other = File::open(&place).unwrap();
        other.try_lock().unwrap_err();
        drop(held);
        other.try_lock().unwrap();
    }
}
