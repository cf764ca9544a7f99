//! Files that appear whole: the one place where bytes get a name that somebody else may look at.
//!
//! They are written under another name and moved to theirs by renameat(2): whoever opens the file reads the
//! old one or the new one, and never a part. What a loss of power leaves is the caller's to say: [`Synced`].

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RenameFlags, fchmod, fdatasync, fsync, linkat, openat, renameat,
    renameat_with, unlinkat,
};
use rustix::io::Errno;
use zwieback_sandbox::call::{Attempt as _, CallError};

use super::beneath;

/// What is on the disk, and not only in memory, when a file is said to be in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synced {
    /// Nothing: after a loss of power the old file is there, the new one, or an empty one. For what can be
    /// written again: a lock or a report at its user's word, a copy of a log, a snapshot, notes of a run.
    Nothing,
    /// The file, but not its name: the old file is there, or all of the new one. For what may be lost but
    /// must not be cut: records of the store, exports, roots and policies of a project; and for a log, whose
    /// writer syncs each folder once for many files.
    File,
    /// The file, then the folder that holds its name: it stays. For what must not be forgotten once it was
    /// acted on: keys, checkpoints and roots that were seen, what was deployed.
    FileAndFolder,
}

/// How a file is put in place.
#[derive(Clone, Copy, Debug)]
pub struct WholeFile<'a> {
    mode: Option<u32>,
    synced: Synced,
    replaces: bool,
    scratch: Option<(BorrowedFd<'a>, &'a str)>,
}

impl<'a> WholeFile<'a> {
    /// A file with this mode, whatever the umask is.
    pub const fn of_mode(mode: u32) -> Self {
        Self {
            mode: Some(mode),
            ..Self::of_umask()
        }
    }

    /// A file with the mode that the umask leaves.
    pub const fn of_umask() -> Self {
        Self {
            mode: None,
            synced: Synced::Nothing,
            replaces: true,
            scratch: None,
        }
    }

    /// How much of it survives a loss of power.
    #[must_use]
    pub const fn synced(self, synced: Synced) -> Self {
        Self { synced, ..self }
    }

    /// A file that is there stays, and is the error EEXIST.
    #[must_use]
    pub const fn unless_there(self) -> Self {
        Self {
            replaces: false,
            ..self
        }
    }

    /// Writes under this name of a folder of the same file system, where nobody else writes now: what lies
    /// there is of a writer who was interrupted, and goes. Otherwise a name is drawn beside the file.
    #[must_use]
    pub const fn by_way_of(self, folder: BorrowedFd<'a>, name: &'a str) -> Self {
        Self {
            scratch: Some((folder, name)),
            ..self
        }
    }

    /// Puts these bytes at a path, which may lead through links but for its last part.
    pub fn write(self, path: &Path, bytes: &[u8]) -> Result<(), CallError> {
        let filled = self.fill(path, |file| file.write_all(bytes))?;
        filled.attempt("write", path.as_os_str().as_encoded_bytes())
    }

    /// The same below a folder that is open, through no link.
    pub fn write_below(
        self,
        folder: BorrowedFd<'_>,
        path: &str,
        bytes: &[u8],
    ) -> Result<(), CallError> {
        let opened;
        let (folder, name) = match path.rsplit_once('/') {
            Some((parent, name)) => {
                opened = beneath::open_dir(folder, parent)?;
                (opened.as_fd(), name)
            }
            None => (folder, path),
        };
        let filled = self.put(folder, name.as_ref(), |file| file.write_all(bytes))?;
        filled.attempt("write", path)
    }

    /// The same for what comes piece by piece; what cannot be filled is put nowhere.
    pub fn fill<T, E>(
        self,
        path: &Path,
        fill: impl FnOnce(&mut File) -> Result<T, E>,
    ) -> Result<Result<T, E>, CallError> {
        let shown = path.as_os_str().as_encoded_bytes();
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, folder, flags, Mode::empty()).attempt("openat", shown)?;
        let name = path.file_name().ok_or(Errno::ISDIR);
        self.put(folder.as_fd(), name.attempt("openat", shown)?, fill)
    }

    fn put<T, E>(
        self,
        folder: BorrowedFd<'_>,
        name: &OsStr,
        fill: impl FnOnce(&mut File) -> Result<T, E>,
    ) -> Result<Result<T, E>, CallError> {
        let mode = Mode::from_raw_mode(self.mode.map_or(0o666, |mode| mode & 0o600));
        let (scratch, mut file) = match self.scratch {
            Some((folder, name)) => Scratch::anew(folder, name, mode),
            None => Scratch::drawn(folder, mode),
        }?;
        let filled = match fill(&mut file) {
            Ok(filled) => filled,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(mode) = self.mode {
            fchmod(&file, Mode::from_raw_mode(mode)).attempt("fchmod", &scratch.name)?;
        }
        if self.synced != Synced::Nothing {
            // Before the name: ext4 may otherwise show the name and lose the bytes in a loss of power.
            fdatasync(&file).attempt("fdatasync", &scratch.name)?;
        }
        scratch.name_as(folder, name, self.replaces)?;
        if self.synced == Synced::FileAndFolder {
            sync_folder(folder).attempt("fsync", ".")?;
        }
        Ok(Ok(filled))
    }
}

/// Writes the bytes to a new file beside `path` and renames it there, for everybody to read.
///
/// The name beside is drawn and the file is made with `O_EXCL`, so that a link which lies there already
/// leads nowhere; a link at `path` itself is replaced and not followed. A device, a FIFO or a folder is left
/// alone, also at the end of a link: `/dev/null` stays what it is.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(bytes))?
}

/// The same for what comes piece by piece; what cannot be filled is put nowhere.
pub fn replace_with<T, E>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, E>,
) -> io::Result<Result<T, E>> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let why = "something is there that is no file";
            return Err(io::Error::new(ErrorKind::AlreadyExists, why));
        }
        // A link that leads nowhere is a name like any other.
        _ => {}
    }
    Ok(WholeFile::of_mode(0o644).fill(path, fill)?)
}

/// A file on its way to its name; dropped before that, it is gone.
struct Scratch<'f> {
    folder: BorrowedFd<'f>,
    name: String,
}

impl<'f> Scratch<'f> {
    fn drawn(folder: BorrowedFd<'f>, mode: Mode) -> Result<(Self, File), CallError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(io::Error::other)
            .attempt("getrandom", "")?;
        let name = format!(".zwieback.{:016x}", u64::from_le_bytes(random));
        Self::new(folder, name, mode)
    }

    fn anew(folder: BorrowedFd<'f>, name: &str, mode: Mode) -> Result<(Self, File), CallError> {
        match unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Self::new(folder, name.to_owned(), mode),
            Err(errno) => Err(errno).attempt("unlinkat", name),
        }
    }

    fn new(folder: BorrowedFd<'f>, name: String, mode: Mode) -> Result<(Self, File), CallError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(folder, &name, flags, mode).attempt("openat", &name)?;
        Ok((Self { folder, name }, File::from(file)))
    }

    fn name_as(
        mut self,
        folder: BorrowedFd<'_>,
        name: &OsStr,
        replaces: bool,
    ) -> Result<(), CallError> {
        let shown = name.as_encoded_bytes();
        if replaces {
            renameat(self.folder, &self.name, folder, name).attempt("renameat", shown)?;
            self.name.clear();
            return Ok(());
        }
        match renameat_with(
            self.folder,
            &self.name,
            folder,
            name,
            RenameFlags::NOREPLACE,
        ) {
            Ok(()) => {
                self.name.clear();
                Ok(())
            }
            // A file system without it has links.
            Err(Errno::INVAL | Errno::NOSYS) => {
                let flags = AtFlags::empty();
                linkat(self.folder, &self.name, folder, name, flags).attempt("linkat", shown)
            }
            Err(errno) => Err(errno).attempt("renameat2", shown),
        }
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            unlinkat(self.folder, &self.name, AtFlags::empty()).ok();
        }
    }
}

/// A descriptor that only names a folder (`O_PATH`) cannot be synced.
fn sync_folder(folder: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder: OwnedFd = openat(folder, ".", flags, Mode::empty())?;
    fsync(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_cannot_be_filled_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        let filled = WholeFile::of_mode(0o600).fill(&path, |file| {
            file.write_all(b"ne").unwrap();
            Err::<(), _>("cut")
        });
        assert_eq!(filled.unwrap(), Err("cut"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_file_that_is_there_stays_where_that_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let file = WholeFile::of_mode(0o640)
            .synced(Synced::FileAndFolder)
            .unless_there();
        file.write(&path, b"first").unwrap();
        assert!(file.write(&path, b"second").unwrap_err().is(Errno::EXIST));
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_an_interrupted_writer_left_is_neither_followed_nor_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("own"), "kept").unwrap();
        fs::create_dir(at("sub")).unwrap();
        symlink(at("own"), at("new")).unwrap();
        symlink(at("sub"), at("link")).unwrap();
        let dir = File::open(folder.path()).unwrap();
        let file = WholeFile::of_umask().by_way_of(dir.as_fd(), "new");
        file.write_below(dir.as_fd(), "sub/a", b"bytes").unwrap();
        file.write_below(dir.as_fd(), "link/a", b"bytes")
            .unwrap_err();
        assert_eq!(fs::read_to_string(at("own")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(at("sub/a")).unwrap(), "bytes");
        assert_eq!(names(folder.path()), ["link", "own", "sub"]);
    }

    #[test]
    fn no_link_in_the_folder_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("own"), "kept").unwrap();
        symlink(at("own"), at("zwieback.lock")).unwrap();
        for number in 0..100 {
            symlink(at("own"), at(&format!(".zwieback.lock.{number}"))).unwrap();
        }
        replace(&at("zwieback.lock"), b"new").unwrap();
        assert_eq!(fs::read_to_string(at("own")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(at("zwieback.lock")).unwrap(), "new");
        assert!(!at("zwieback.lock").is_symlink());
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("out");
        symlink("/dev/null", &link).unwrap();
        replace(&link, b"new").unwrap_err();
        assert!(link.is_symlink());
        replace(folder.path(), b"new").unwrap_err();
        replace(&folder.path().join("absent/out"), b"new").unwrap_err();
    }
}
