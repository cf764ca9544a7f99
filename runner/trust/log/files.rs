//! Files that appear whole or not at all, and survive a crash once they were said to.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use zwieback_host::fs::replace::{Synced, WholeFile};
use zwieback_host::fs::{given_file, private};
use zwieback_sandbox::call::{Attempt as _, CallError};

/// Reads a file that may be absent; more bytes than `limit` are an error.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, CallError> {
    let file = match given_file::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).attempt("open", bytes(path)),
    };
    // A guess that saves reading in small pieces.
    let length = file.metadata().attempt("fstat", bytes(path))?.len();
    let mut content = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0) + 1);
    let length = file.take(limit + 1).read_to_end(&mut content);
    match length.attempt("read", bytes(path))? as u64 {
        length if length > limit => Err(Errno::FBIG).attempt("read", bytes(path)),
        _ => Ok(Some(content)),
    }
}

/// Puts a file at `path` by way of `scratch`, synced. The folder is synced by [`sync_folder`].
///
/// What lies at `scratch` is of a writer who was interrupted, or of somebody who wants to have another file
/// written: it goes, and the file is made anew.
pub fn write(path: &Path, scratch: &Path, content: &[u8]) -> Result<(), CallError> {
    put(path, scratch, Synced::File, content)
}

/// The same for what may be lost in a crash.
pub fn write_unsynced(path: &Path, scratch: &Path, content: &[u8]) -> Result<(), CallError> {
    put(path, scratch, Synced::Nothing, content)
}

fn put(path: &Path, scratch: &Path, synced: Synced, content: &[u8]) -> Result<(), CallError> {
    let folder = folder_of(scratch);
    let folder = given_file::open_folder(folder).attempt("open", bytes(folder))?;
    let name = scratch.file_name().and_then(OsStr::to_str);
    let name = name.ok_or(Errno::INVAL).attempt("open", bytes(scratch))?;
    let file = WholeFile::of_umask().synced(synced);
    file.by_way_of(folder.as_fd(), name).write(path, content)
}

/// A file to be locked, made if it is missing. Nothing is written to it.
pub fn lock(path: &Path) -> Result<File, CallError> {
    let file = open_own(path, 0o666)?;
    file.lock().attempt("flock", bytes(path))?;
    Ok(file)
}

/// A regular file of ours that is changed in place, made with this mode if it is missing. Somebody else
/// may have written to its folder: no link is followed to it, and nothing but a regular file is waited for.
pub fn open_own(path: &Path, mode: u32) -> Result<File, CallError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(mode)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .attempt("open", bytes(path))?;
    if file.metadata().attempt("fstat", bytes(path))?.is_file() {
        return Ok(file);
    }
    Err(Errno::INVAL).attempt("open", bytes(path))
}

/// Makes the names in a folder survive a crash.
pub fn sync_folder(path: &Path) -> Result<(), CallError> {
    let folder = given_file::open_folder(path).attempt("open", bytes(path))?;
    folder.sync_all().attempt("fsync", bytes(path))
}

/// Puts a file in place for good: the file, then its name.
pub fn write_synced(path: &Path, content: &[u8]) -> Result<(), CallError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).attempt("mkdir", bytes(folder))?;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    put(path, Path::new(&name), Synced::FileAndFolder, content)
}

/// Makes a folder, and those above it that are missing, which only its owner can look into.
pub fn make_private(folder: &Path) -> Result<(), CallError> {
    private::make_folder(folder).attempt("mkdir", bytes(folder))
}

/// Puts a file in place for good that only its owner can read.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), CallError> {
    private::write(path, content).attempt("write", bytes(path))
}

/// Whether a folder belongs to the user who runs this program.
pub fn is_own(folder: &Path) -> Result<bool, CallError> {
    let found = fs::metadata(folder).attempt("stat", bytes(folder))?;
    Ok(found.uid() == rustix::process::geteuid().as_raw())
}

/// Removes a file that may be absent.
pub fn remove(path: &Path) -> Result<(), CallError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.attempt("unlink", bytes(path)),
    }
}

/// Where a file lies; a bare name lies here.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// The bytes of a path, for messages.
pub fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_where_a_log_is_written_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("own"), "kept").unwrap();
        for name in [".new", "head.new", "lock"] {
            symlink(at("own"), at(name)).unwrap();
        }
        write(&at("tile"), &at(".new"), b"new").unwrap();
        write_unsynced(&at("head"), &at("head.new"), b"new").unwrap();
        lock(&at("lock")).unwrap_err();
        // Where bundles are appended in place.
        open_own(&at("lock"), 0o600).unwrap_err();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        open_own(&at("fifo"), 0o600).unwrap_err();
        assert_eq!(fs::read(at("own")).unwrap(), b"kept");
        assert_eq!(fs::read(at("tile")).unwrap(), b"new");
        assert_eq!(fs::read(at("head")).unwrap(), b"new");
    }
}
