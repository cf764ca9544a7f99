//! Reading a folder that anybody may have made: every entry with its kind, and no way out of it.

use std::ffi::CStr;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use zwieback_model::digest::{Fingerprint, Hasher};
use zwieback_model::shown_name::printable;
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::{open_entry, read_symlink};
use crate::fs::descent::AS_IS;
use crate::fs::stamp::Stamp;
use crate::fs::walk::{Found, Next, Visitor, walk};

const PIECE: usize = 256 << 10;
/// `PATH_MAX` of limits.h, without the zero byte.
const LONGEST_PATH: usize = 4095;

/// The most of a folder that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Entries of any kind.
    pub entries: usize,
    /// Directories above an entry.
    pub depth: usize,
    /// Bytes of all paths and texts of links: a file system keeps the name of a deep directory once, and
    /// whoever keeps paths has it in each of them.
    pub paths: usize,
}

impl Default for Bounds {
    /// What the outputs of a build may be.
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            depth: 256,
            paths: 64 << 20,
        }
    }
}

/// What lies at one place of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, with its text as it is; nothing follows it.
    Symlink {
        /// The text, which need not be UTF-8.
        target: Vec<u8>,
    },
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// Something that the kernel has no word for.
    Unknown,
}

/// One entry of a folder.
#[derive(Clone, Debug)]
pub struct FolderEntry<'a> {
    dir: BorrowedFd<'a>,
    name: &'a CStr,
    /// The path from the folder, as raw bytes: anything but a zero byte can be in it.
    pub path: &'a [u8],
    /// What it is.
    pub kind: Kind,
    /// The twelve bits of its mode: permissions, set-user-id, set-group-id, sticky.
    pub mode: u32,
    /// How many names the inode has, on the whole file system.
    pub links: u64,
    /// Inode, size and times at the moment of looking.
    pub stamp: Stamp,
}

/// Why a folder cannot be read to its end. Paths are shown escaped.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// More than an honest folder holds.
    #[error("the folder holds more than {0} entries")]
    Entries(usize),
    /// Deeper than an honest folder is.
    #[error("`{path}` lies more than {limit} directories deep")]
    Depth {
        /// The entry.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// More text than an honest folder has.
    #[error("the folder holds more than {0} bytes of paths and targets of links")]
    Paths(usize),
    /// Longer than any path that a system call takes.
    #[error("the folder holds a path of more than {0} bytes")]
    Length(usize),
    /// A file became another one, or other bytes, while it was read.
    #[error("`{0}` changed while it was read")]
    Changed(String),
    /// The kernel refused something; `EXDEV` says that something else is mounted there.
    #[error(transparent)]
    Fault(#[from] CallError),
}

/// Opens the folder that a user names. The path is the user's own, so it may lead through links.
pub fn open_folder(path: &Path) -> Result<OwnedFd, CallError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let shown = path.as_os_str().as_encoded_bytes();
    open_at(path, flags).attempt("open", shown)
}

/// Calls `each` for every entry below `folder`: sorted, a directory before what it holds.
///
/// No link is followed, no mount is entered, no mode is changed, and one descriptor is open at a time.
/// What `each` answers for a directory says whether to go into it; for anything else it says nothing.
pub fn walk_folder<E, F>(folder: BorrowedFd<'_>, bounds: &Bounds, each: F) -> Result<(), E>
where
    E: From<FolderError>,
    F: FnMut(&FolderEntry<'_>) -> Result<Next, E>,
{
    let mut reader = Reader {
        bounds: *bounds,
        seen: 0,
        path_bytes: 0,
        each,
    };
    let walked = walk(folder, &mut reader);
    walked.map_err(|Stopped(error)| error)
}

impl FolderEntry<'_> {
    /// The path, escaped where it is not plain text.
    pub fn shown(&self) -> String {
        printable(self.path)
    }

    /// Opens what the entry was when it was looked at, a regular file; if it is another now, that is an error.
    pub fn open(&self) -> Result<File, FolderError> {
        let file = open_entry(self.dir, self.name)?;
        let stat = fstat(&file).attempt("fstat", self.path)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if is_file && stat.st_ino == self.stamp.inode {
            Ok(file)
        } else {
            Err(FolderError::Changed(self.shown()))
        }
    }

    /// The digests of a regular file, read to the length it had when it was looked at.
    pub fn fingerprint(&self) -> Result<Fingerprint, FolderError> {
        let file = self.open()?;
        let mut hasher = Hasher::default();
        let mut piece = vec![0; PIECE.min(usize::try_from(self.stamp.size).unwrap_or(PIECE) + 1)];
        let mut capped = (&file).take(self.stamp.size.saturating_add(1));
        loop {
            let count = capped.read(&mut piece).attempt("read", self.path)?;
            if count == 0 {
                break;
            }
            hasher.update(&piece[..count]);
        }
        let print = hasher.finish();
        let after = Stamp::of(&fstat(&file).attempt("fstat", self.path)?);
        if print.size == self.stamp.size && after == self.stamp {
            Ok(print)
        } else {
            Err(FolderError::Changed(self.shown()))
        }
    }
}

struct Reader<F> {
    bounds: Bounds,
    seen: usize,
    path_bytes: usize,
    each: F,
}

impl<F> Reader<F> {
    fn check_paths(&mut self, path: &[u8], kind: &Kind) -> Result<(), FolderError> {
        if path.len() > LONGEST_PATH {
            return Err(FolderError::Length(LONGEST_PATH));
        }
        let target = match kind {
            Kind::Symlink { target } => target.len(),
            _ => 0,
        };
        self.path_bytes += path.len() + target;
        if self.path_bytes > self.bounds.paths {
            return Err(FolderError::Paths(self.bounds.paths));
        }
        Ok(())
    }
}

/// An error of the one who asked: `From<CallError>` goes by way of [`FolderError`].
struct Stopped<E>(E);

impl<E: From<FolderError>> From<CallError> for Stopped<E> {
    fn from(fault: CallError) -> Self {
        Self(E::from(fault.into()))
    }
}

impl<E, F> Visitor for Reader<F>
where
    E: From<FolderError>,
    F: FnMut(&FolderEntry<'_>) -> Result<Next, E>,
{
    type Error = Stopped<E>;

    const ACCESS: u32 = AS_IS;

    fn visit(&mut self, entry: &Found<'_>) -> Result<Next, Stopped<E>> {
        self.seen += 1;
        if entry.depth > self.bounds.depth {
            let (path, limit) = (printable(entry.path), self.bounds.depth);
            return Err(Stopped(FolderError::Depth { path, limit }.into()));
        }
        let kind = kind(entry)?;
        self.check_paths(entry.path, &kind)
            .map_err(|error| Stopped(error.into()))?;
        let found = FolderEntry {
            dir: entry.dir,
            name: entry.name,
            path: entry.path,
            kind,
            mode: entry.stat.st_mode & 0o7777,
            links: entry.stat.st_nlink,
            stamp: Stamp::of(entry.stat),
        };
        let next = (self.each)(&found).map_err(Stopped)?;
        Ok(match found.kind {
            Kind::Directory => next,
            _ => Next::Beside,
        })
    }

    fn room(&self) -> usize {
        self.bounds.entries.saturating_sub(self.seen)
    }

    fn overflow(&self) -> Stopped<E> {
        Stopped(FolderError::Entries(self.bounds.entries).into())
    }
}

fn kind(entry: &Found<'_>) -> Result<Kind, CallError> {
    Ok(match entry.kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink {
            target: read_symlink(entry.dir, entry.name)?.into_bytes(),
        },
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        FileType::CharacterDevice | FileType::BlockDevice => Kind::Device,
        FileType::Unknown => Kind::Unknown,
    })
}

fn open_at(path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    loop {
        match openat(CWD, path, flags, Mode::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::fd::AsFd as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn all(folder: &Path, bounds: &Bounds) -> Result<BTreeMap<String, (Kind, u32)>, FolderError> {
        let mut found = BTreeMap::new();
        walk_folder(open_folder(folder)?.as_fd(), bounds, |entry| {
            found.insert(entry.shown(), (entry.kind.clone(), entry.mode));
            Ok::<_, FolderError>(Next::Inside)
        })?;
        Ok(found)
    }

    #[test]
    fn every_kind_is_told_apart_and_no_link_is_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("folder");
        std::fs::create_dir_all(here.join("sub")).unwrap();
        std::fs::write(scratch.path().join("outside"), b"x").unwrap();
        std::fs::write(here.join("sub/file"), b"x").unwrap();
        let mode = std::fs::Permissions::from_mode(0o6751);
        std::fs::set_permissions(here.join("sub/file"), mode).unwrap();
        symlink("..", here.join("up")).unwrap();
        symlink(std::ffi::OsStr::from_bytes(b"\xff"), here.join("odd")).unwrap();
        let fifo = (FileType::Fifo, Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(CWD, here.join("fifo"), fifo.0, fifo.1, 0).unwrap();
        let _socket = UnixListener::bind(here.join("socket")).unwrap();
        let name = std::ffi::OsStr::from_bytes(b"a\xff\x1b");
        std::fs::write(here.join(name), b"").unwrap();
        let found = all(&here, &Bounds::default()).unwrap();
        let paths: Vec<_> = found.keys().map(String::as_str).collect();
        let expected = [
            "a\\xff\\x1b",
            "fifo",
            "odd",
            "socket",
            "sub",
            "sub/file",
            "up",
        ];
        assert_eq!(paths, expected);
        assert_eq!(found["sub/file"], (Kind::File, 0o6751));
        assert_eq!(found["fifo"].0, Kind::Fifo);
        assert_eq!(found["socket"].0, Kind::Socket);
        assert_eq!(found["odd"].0, Kind::Symlink { target: vec![0xff] });
        let up = Kind::Symlink {
            target: b"..".to_vec(),
        };
        assert_eq!(found["up"].0, up);
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(scratch.path().join("a/b/c/d")).unwrap();
        let bounds = |entries, depth| Bounds {
            entries,
            depth,
            ..Bounds::default()
        };
        assert_eq!(all(scratch.path(), &bounds(4, 3)).unwrap().len(), 4);
        let deep = all(scratch.path(), &bounds(4, 2)).unwrap_err();
        assert!(deep.to_string().starts_with("`a/b/c/d` lies more than 2"));
        let many = all(scratch.path(), &bounds(3, 3)).unwrap_err();
        assert!(matches!(many, FolderError::Entries(3)), "{many}");
    }

    #[test]
    fn paths_of_deep_folders_do_not_fill_the_memory() {
        let scratch = tempfile::tempdir().unwrap();
        let deep = scratch.path().join("d".repeat(200)).join("e".repeat(200));
        std::fs::create_dir_all(&deep).unwrap();
        for number in 0..9 {
            std::fs::write(deep.join(number.to_string()), b"").unwrap();
        }
        let bounds = |paths| Bounds {
            paths,
            ..Bounds::default()
        };
        let whole = 200 + 401 + 9 * 403;
        assert_eq!(all(scratch.path(), &bounds(whole)).unwrap().len(), 11);
        symlink("x", deep.join("link")).unwrap();
        let many = all(scratch.path(), &bounds(whole + 406)).unwrap_err();
        assert!(matches!(many, FolderError::Paths(_)), "{many}");
        all(scratch.path(), &bounds(whole + 407)).unwrap();
    }

    #[test]
    fn a_path_that_no_system_call_takes_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let mut here = open_folder(scratch.path()).unwrap();
        for _ in 0..21 {
            let name = "d".repeat(200);
            rustix::fs::mkdirat(&here, &name, Mode::RWXU).unwrap();
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            here = openat(&here, &name, flags, Mode::empty()).unwrap();
        }
        let long = all(scratch.path(), &Bounds::default()).unwrap_err();
        assert!(matches!(long, FolderError::Length(4095)), "{long}");
    }

    #[test]
    fn what_was_exchanged_after_the_look_is_not_read() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, b"honest").unwrap();
        let secret = scratch.path().join("secret");
        let mut round = 0;
        let folder = open_folder(scratch.path()).unwrap();
        walk_folder(folder.as_fd(), &Bounds::default(), |entry| {
            assert_eq!(entry.fingerprint()?, Fingerprint::of(b"honest"));
            std::fs::write(&file, b"longer than before").unwrap();
            assert!(matches!(entry.fingerprint(), Err(FolderError::Changed(_))));
            std::fs::rename(&file, &secret).unwrap();
            symlink(&secret, &file).unwrap();
            assert!(matches!(entry.open(), Err(FolderError::Fault(_))));
            std::fs::remove_file(&file).unwrap();
            rustix::fs::mknodat(CWD, &file, FileType::Fifo, Mode::RUSR, 0).unwrap();
            assert!(matches!(entry.open(), Err(FolderError::Changed(_))));
            round += 1;
            Ok::<_, FolderError>(Next::Beside)
        })
        .unwrap();
        assert_eq!(round, 1);
    }
}
