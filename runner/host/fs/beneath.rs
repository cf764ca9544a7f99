//! Opening, making and reading entries below a directory, never through a symlink or out of it.

use std::ffi::{CStr, CString};
use std::fs::File;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps, chmodat,
    fstat, linkat, mkdirat, openat2, readlinkat, renameat, statat, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;

use crate::fs::fault::{Attempt, Fault};

/// A name in a directory with the type the directory gives it (unknown on some file systems).
pub type Named = (CString, FileType);

const READ_DIR: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);
/// An entry of a directory, whatever it is: neither a link nor a FIFO can do anything with it.
const ENTRY: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS);

/// Opens a directory below `root` for reading.
pub fn open_dir(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Fault> {
    open(root, path.as_bytes(), READ_DIR, Mode::empty()).attempt("openat2", path)
}

/// Opens a regular file below `root` for reading; a FIFO put there does not block.
pub fn open_file(root: BorrowedFd<'_>, path: &str) -> Result<File, Fault> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(root, path.as_bytes(), flags, Mode::empty()).attempt("openat2", path)?;
    Ok(File::from(file))
}

/// Makes a new file below `root`; one that is there already is an error.
pub fn create_file(root: BorrowedFd<'_>, path: &str) -> Result<File, Fault> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = open(root, path.as_bytes(), flags, mode).attempt("openat2", path)?;
    Ok(File::from(file))
}

/// Opens, making it if need be, a file that only serves as a lock.
pub fn open_lock(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Fault> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
    match open(root, path.as_bytes(), flags, Mode::RUSR | Mode::WUSR) {
        // A read-only store can still be read, and a lock needs no more than a descriptor.
        Err(Errno::ROFS | Errno::ACCESS) => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            open(root, path.as_bytes(), flags, Mode::empty()).attempt("openat2", path)
        }
        other => other.attempt("openat2", path),
    }
}

/// Makes one directory below `root`.
pub fn make_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), Fault> {
    mkdirat(root, path, Mode::from_raw_mode(0o755)).attempt("mkdirat", path)
}

/// Makes one directory below `root` unless it is there.
pub fn ensure_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), Fault> {
    match make_dir(root, path) {
        Err(fault) if fault.errno == Errno::EXIST => Ok(()),
        other => other,
    }
}

/// Makes a symlink below `root`.
pub fn make_symlink(root: BorrowedFd<'_>, target: &str, path: &str) -> Result<(), Fault> {
    symlinkat(target, root, path).attempt("symlinkat", path)
}

/// Gives a file a second name.
pub fn make_link(
    from: BorrowedFd<'_>,
    old: &str,
    to: BorrowedFd<'_>,
    new: &str,
) -> Result<(), Fault> {
    linkat(from, old, to, new, AtFlags::empty()).attempt("linkat", new)
}

/// Moves an entry below one root to a place below another.
pub fn rename(from: BorrowedFd<'_>, old: &str, to: BorrowedFd<'_>, new: &str) -> Result<(), Fault> {
    renameat(from, old, to, new).attempt("renameat", new)
}

/// Removes a name that is no directory.
pub fn unlink(root: BorrowedFd<'_>, path: &str) -> Result<(), Fault> {
    unlinkat(root, path, AtFlags::empty()).attempt("unlinkat", path)
}

/// Removes an empty directory.
pub fn remove_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), Fault> {
    unlinkat(root, path, AtFlags::REMOVEDIR).attempt("unlinkat", path)
}

/// The text of a symlink.
pub fn read_symlink(root: BorrowedFd<'_>, path: &CStr) -> Result<CString, Fault> {
    readlinkat(root, path, Vec::new()).attempt("readlinkat", path.to_bytes())
}

/// What lies at a path itself, link or not; `None` if nothing does.
pub fn look(root: BorrowedFd<'_>, path: &str) -> Result<Option<Stat>, Fault> {
    match statat(root, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno).attempt("fstatat", path),
    }
}

/// Sets the modification time of the entry itself, link or not.
pub fn set_mtime(root: BorrowedFd<'_>, path: &str, seconds: i64) -> Result<(), Fault> {
    utimensat(root, path, &both_times(seconds), AtFlags::SYMLINK_NOFOLLOW)
        .attempt("utimensat", path)
}

/// Sets the mode of something that is known to be no symlink.
pub fn set_mode(root: BorrowedFd<'_>, path: &str, mode: u32) -> Result<(), Fault> {
    chmodat(root, path, Mode::from_raw_mode(mode), AtFlags::empty()).attempt("fchmodat", path)
}

/// Access and modification time both at one second.
pub fn both_times(seconds: i64) -> Timestamps {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// The next names of a directory stream that is open at `dir`, without `.` and `..`.
pub fn names(dir: BorrowedFd<'_>) -> Result<impl Iterator<Item = Result<Named, Fault>>, Fault> {
    let stream = Dir::read_from(dir).attempt("openat", ".")?;
    Ok(stream.filter_map(|entry| match entry {
        Ok(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => None,
        Ok(entry) => Some(Ok((entry.file_name().to_owned(), entry.file_type()))),
        Err(errno) => Some(Err(errno).attempt("getdents64", ".")),
    }))
}

/// Opens an entry of `dir` and gives its owner the permission bits in `needed` if they are missing.
///
/// A step can leave directories of mode 000 behind; their owner may always open them up again.
pub fn open_unlocked(dir: BorrowedFd<'_>, name: &CStr, needed: u32) -> Result<OwnedFd, Fault> {
    unlocked(dir, name, needed, ENTRY, BENEATH)
}

/// Opens a directory of `dir` like [`open_unlocked`], unless something else is mounted there.
pub fn enter_unlocked(dir: BorrowedFd<'_>, name: &CStr, needed: u32) -> Result<OwnedFd, Fault> {
    let resolve = BENEATH | ResolveFlags::NO_XDEV;
    unlocked(dir, name, needed, ENTRY | OFlags::DIRECTORY, resolve)
}

/// Opens a file of `dir` for reading: never through a link or into another mount, and no FIFO blocks.
pub fn open_entry(dir: BorrowedFd<'_>, name: &CStr) -> Result<File, Fault> {
    let resolve = BENEATH | ResolveFlags::NO_XDEV;
    let file = open_as(dir, name, ENTRY, Mode::empty(), resolve);
    Ok(File::from(file.attempt("openat2", name.to_bytes())?))
}

fn unlocked(
    dir: BorrowedFd<'_>,
    name: &CStr,
    needed: u32,
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Fault> {
    let file = match open_as(dir, name, flags, Mode::empty(), resolve) {
        Err(Errno::ACCESS) if needed != 0 => {
            unlock(dir, name, needed)?;
            open_as(dir, name, flags, Mode::empty(), resolve)
        }
        other => other,
    }
    .attempt("openat2", name.to_bytes())?;
    let mode = fstat(&file).attempt("fstat", name.to_bytes())?.st_mode;
    if mode & needed != needed {
        let mode = Mode::from_raw_mode((mode & 0o777) | needed);
        rustix::fs::fchmod(&file, mode).attempt("fchmod", name.to_bytes())?;
    }
    Ok(file)
}

/// fchmod refuses `O_PATH` descriptors; the magic link names the same inode without a race.
fn unlock(dir: BorrowedFd<'_>, name: &CStr, needed: u32) -> Result<(), Fault> {
    use std::os::fd::AsRawFd as _;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = open(dir, name, flags, Mode::empty()).attempt("openat2", name.to_bytes())?;
    let stat = fstat(&handle).attempt("fstat", name.to_bytes())?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
        return Err(Errno::LOOP).attempt("openat2", name.to_bytes());
    }
    let magic = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
    let mode = Mode::from_raw_mode((stat.st_mode & 0o777) | needed);
    chmodat(CWD, magic, mode, AtFlags::empty()).attempt("fchmodat", name.to_bytes())
}

fn open(
    root: BorrowedFd<'_>,
    path: impl rustix::path::Arg + Copy,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    open_as(root, path, flags, mode, BENEATH)
}

fn open_as(
    root: BorrowedFd<'_>,
    path: impl rustix::path::Arg + Copy,
    flags: OFlags,
    mode: Mode,
    resolve: ResolveFlags,
) -> rustix::io::Result<OwnedFd> {
    loop {
        // openat2(2): EAGAIN when a rename elsewhere raced with the walk; trying again is right.
        match openat2(root, path, flags, mode, resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
}
