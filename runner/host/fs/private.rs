//! What a user keeps for themself: folders and files that nobody else looks into, whatever the umask is.
//!
//! All that this program remembers is made here: who could write there could make it forget.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

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
/// so at the same time the later one stays.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    make_folder(folder)?;
    let file = WholeFile::of_mode(0o600).synced(Synced::FileAndFolder);
    Ok(file.write(path, content)?)
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
}
