//! Opening, making and reading entries below a directory, never through a symlink or out of it.

use std::ffi::{CStr, CString};
use std::fs::File;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps, Uid,
    chmodat, chownat, fchmod, fstat, linkat, mkdirat, openat2, readlinkat, renameat, statat,
    symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;
use zwieback_sandbox::call::{Attempt as _, CallError};

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
pub fn open_dir(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, CallError> {
    open(root, path.as_bytes(), READ_DIR, Mode::empty()).attempt("openat2", path)
}

/// Holds a directory below `root` as a place alone, which takes no right to read it.
pub fn hold_dir(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, CallError> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(root, path.as_bytes(), flags, Mode::empty()).attempt("openat2", path)
}

/// Opens a regular file below `root` for reading; a FIFO put there does not block.
pub fn open_file(root: BorrowedFd<'_>, path: &str) -> Result<File, CallError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(root, path.as_bytes(), flags, Mode::empty()).attempt("openat2", path)?;
    Ok(File::from(file))
}

/// Makes a new file below `root`; one that is there already is an error.
pub fn create_file(root: BorrowedFd<'_>, path: &str) -> Result<File, CallError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = open(root, path.as_bytes(), flags, mode).attempt("openat2", path)?;
    Ok(File::from(file))
}

/// Writes a new file below `root` that everybody may read, whatever the umask is.
pub fn write_new(root: BorrowedFd<'_>, path: &str, bytes: &[u8]) -> Result<(), CallError> {
    use std::io::Write as _;
    let mut file = create_file(root, path)?;
    file.write_all(bytes).attempt("write", path)?;
    fchmod(&file, Mode::from_raw_mode(0o644)).attempt("fchmod", path)
}

/// Opens, making it if need be, a file that only serves as a lock.
pub fn open_lock(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, CallError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(root, path.as_bytes(), flags, Mode::RUSR | Mode::WUSR) {
        // A read-only store can still be read, and a lock needs no more than a descriptor.
        Err(Errno::ROFS | Errno::ACCESS) => {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            open(root, path.as_bytes(), flags, Mode::empty()).attempt("openat2", path)
        }
        other => other.attempt("openat2", path),
    }
}

/// Makes one directory below `root`.
pub fn make_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), CallError> {
    let make = |spot: &Spot<'_, '_>| mkdirat(spot, spot.name, Mode::from_raw_mode(0o755));
    Spot::of(root, path)
        .and_then(|spot| make(&spot))
        .attempt("mkdirat", path)
}

/// Makes one directory below `root` unless it is there.
pub fn ensure_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), CallError> {
    match make_dir(root, path) {
        Err(fault) if fault.is(Errno::EXIST) => Ok(()),
        other => other,
    }
}

/// Makes a symlink below `root`.
pub fn make_symlink(root: BorrowedFd<'_>, target: &str, path: &str) -> Result<(), CallError> {
    let make = |spot: &Spot<'_, '_>| symlinkat(target, spot, spot.name);
    Spot::of(root, path)
        .and_then(|spot| make(&spot))
        .attempt("symlinkat", path)
}

/// Gives a file a second name.
pub fn make_link(
    from: BorrowedFd<'_>,
    old: &str,
    to: BorrowedFd<'_>,
    new: &str,
) -> Result<(), CallError> {
    let make = || {
        let (old, new) = (Spot::of(from, old)?, Spot::of(to, new)?);
        linkat(&old, old.name, &new, new.name, AtFlags::empty())
    };
    make().attempt("linkat", new)
}

/// Moves an entry below one root to a place below another.
pub fn rename(
    from: BorrowedFd<'_>,
    old: &str,
    to: BorrowedFd<'_>,
    new: &str,
) -> Result<(), CallError> {
    let move_it = || {
        let (old, new) = (Spot::of(from, old)?, Spot::of(to, new)?);
        renameat(&old, old.name, &new, new.name)
    };
    move_it().attempt("renameat", new)
}

/// Removes a name that is no directory.
pub fn unlink(root: BorrowedFd<'_>, path: &str) -> Result<(), CallError> {
    let remove = |spot: &Spot<'_, '_>| unlinkat(spot, spot.name, AtFlags::empty());
    Spot::of(root, path)
        .and_then(|spot| remove(&spot))
        .attempt("unlinkat", path)
}

/// Removes an empty directory.
pub fn remove_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), CallError> {
    let remove = |spot: &Spot<'_, '_>| unlinkat(spot, spot.name, AtFlags::REMOVEDIR);
    Spot::of(root, path)
        .and_then(|spot| remove(&spot))
        .attempt("unlinkat", path)
}

/// The text of the symlink with that name in a directory.
pub fn read_symlink(dir: BorrowedFd<'_>, name: &CStr) -> Result<CString, CallError> {
    readlinkat(dir, name, Vec::new()).attempt("readlinkat", name.to_bytes())
}

/// The text of a symlink below `root`.
pub fn read_symlink_at(root: BorrowedFd<'_>, path: &str) -> Result<CString, CallError> {
    let read = |spot: &Spot<'_, '_>| readlinkat(spot, spot.name, Vec::new());
    Spot::of(root, path)
        .and_then(|spot| read(&spot))
        .attempt("readlinkat", path)
}

/// What lies at a path itself, link or not; `None` if no directories lead to anything.
pub fn look(root: BorrowedFd<'_>, path: &str) -> Result<Option<Stat>, CallError> {
    let look = |spot: &Spot<'_, '_>| statat(spot, spot.name, AtFlags::SYMLINK_NOFOLLOW);
    match Spot::of(root, path).and_then(|spot| look(&spot)) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno).attempt("fstatat", path),
    }
}

/// Sets the modification time of the entry itself, link or not.
pub fn set_mtime(root: BorrowedFd<'_>, path: &str, seconds: i64) -> Result<(), CallError> {
    let times = both_times(seconds);
    let set = |spot: &Spot<'_, '_>| utimensat(spot, spot.name, &times, AtFlags::SYMLINK_NOFOLLOW);
    Spot::of(root, path)
        .and_then(|spot| set(&spot))
        .attempt("utimensat", path)
}

/// Sets the owner of the entry itself, link or not.
pub fn set_owner(root: BorrowedFd<'_>, path: &str, uid: Uid, gid: Gid) -> Result<(), CallError> {
    let nofollow = AtFlags::SYMLINK_NOFOLLOW;
    let set = |spot: &Spot<'_, '_>| chownat(spot, spot.name, Some(uid), Some(gid), nofollow);
    Spot::of(root, path)
        .and_then(|spot| set(&spot))
        .attempt("fchownat", path)
}

/// Sets the mode of an entry, which is an error if it is a symlink.
pub fn set_mode(root: BorrowedFd<'_>, path: &str, mode: u32) -> Result<(), CallError> {
    let bits = Mode::from_raw_mode(mode);
    match open_as(root, path, ENTRY, Mode::empty(), BENEATH) {
        Err(Errno::ACCESS) => change_mode(root, path, path, |_| bits),
        opened => opened
            .and_then(|opened| fchmod(opened, bits))
            .attempt("fchmod", path),
    }
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
pub fn names(
    dir: BorrowedFd<'_>,
) -> Result<impl Iterator<Item = Result<Named, CallError>>, CallError> {
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
pub fn open_unlocked(dir: BorrowedFd<'_>, name: &CStr, needed: u32) -> Result<OwnedFd, CallError> {
    unlocked(dir, name, needed, ENTRY, BENEATH)
}

/// Opens a directory of `dir` like [`open_unlocked`], unless something else is mounted there.
pub fn enter_unlocked(dir: BorrowedFd<'_>, name: &CStr, needed: u32) -> Result<OwnedFd, CallError> {
    let resolve = BENEATH | ResolveFlags::NO_XDEV;
    unlocked(dir, name, needed, ENTRY | OFlags::DIRECTORY, resolve)
}

/// Opens a file of `dir` for reading: never through a link or into another mount, and no FIFO blocks.
pub fn open_entry(dir: BorrowedFd<'_>, name: &CStr) -> Result<File, CallError> {
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
) -> Result<OwnedFd, CallError> {
    let file = match open_as(dir, name, flags, Mode::empty(), resolve) {
        Err(Errno::ACCESS) if needed != 0 => {
            let unlocked = |mode: u32| Mode::from_raw_mode((mode & 0o777) | needed);
            change_mode(dir, name, name.to_bytes(), unlocked)?;
            open_as(dir, name, flags, Mode::empty(), resolve)
        }
        other => other,
    }
    .attempt("openat2", name.to_bytes())?;
    let mode = fstat(&file).attempt("fstat", name.to_bytes())?.st_mode;
    if mode & needed != needed {
        let mode = Mode::from_raw_mode((mode & 0o777) | needed);
        fchmod(&file, mode).attempt("fchmod", name.to_bytes())?;
    }
    Ok(file)
}

/// fchmod refuses `O_PATH` descriptors; the magic link names the same inode without a race.
fn change_mode(
    dir: BorrowedFd<'_>,
    path: impl rustix::path::Arg + Copy,
    shown: impl AsRef<[u8]> + Copy,
    change: impl Fn(u32) -> Mode,
) -> Result<(), CallError> {
    use std::os::fd::AsRawFd as _;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = open(dir, path, flags, Mode::empty()).attempt("openat2", shown)?;
    let stat = fstat(&handle).attempt("fstat", shown)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
        return Err(Errno::LOOP).attempt("openat2", shown);
    }
    let magic = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
    chmodat(CWD, magic, change(stat.st_mode), AtFlags::empty()).attempt("fchmodat", shown)
}

/// A name in the directory that holds it. Calls that cannot be told to stay beneath a root follow links
/// in every part of a path but the last, so they are given names alone.
struct Spot<'r, 'p> {
    root: BorrowedFd<'r>,
    parent: Option<OwnedFd>,
    name: &'p str,
}

impl<'r, 'p> Spot<'r, 'p> {
    fn of(root: BorrowedFd<'r>, path: &'p str) -> rustix::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (parent, name) = match path.rsplit_once('/') {
            Some((parent, name)) => (Some(open(root, parent, flags, Mode::empty())?), name),
            None => (None, path),
        };
        if matches!(name, "" | "..") {
            return Err(Errno::XDEV);
        }
        Ok(Self { root, parent, name })
    }
}

impl AsFd for Spot<'_, '_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.parent.as_ref().map_or(self.root, AsFd::as_fd)
    }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_call_goes_through_a_link_on_the_way() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(outside.path().join("d")).unwrap();
        std::fs::write(outside.path().join("f"), b"kept").unwrap();
        symlink("f", outside.path().join("l")).unwrap();
        symlink(outside.path(), inside.path().join("way")).unwrap();
        std::fs::write(inside.path().join("own"), b"own").unwrap();
        let root = File::open(inside.path()).unwrap();
        let root = root.as_fd();
        let me = (rustix::process::geteuid(), rustix::process::getegid());
        let tried = [
            make_dir(root, "way/new"),
            ensure_dir(root, "way/new"),
            make_symlink(root, "x", "way/new"),
            make_link(root, "way/f", root, "new"),
            make_link(root, "own", root, "way/new"),
            rename(root, "way/f", root, "new"),
            rename(root, "own", root, "way/new"),
            unlink(root, "way/f"),
            remove_dir(root, "way/d"),
            read_symlink_at(root, "way/l").map(|_| ()),
            look(root, "way/f").map(|found| assert!(found.is_none())),
            set_mtime(root, "way/f", 0),
            set_owner(root, "way/f", me.0, me.1),
            set_mode(root, "way/f", 0o777),
            set_mode(root, "way", 0o777),
            create_file(root, "way/new").map(|_| ()),
            open_lock(root, "way/new").map(|_| ()),
            open_file(root, "way/f").map(|_| ()),
            open_dir(root, "way/d").map(|_| ()),
            make_dir(root, "../new"),
            make_dir(root, "/new"),
            unlink(root, "x/../../f"),
        ];
        for (number, tried) in tried.into_iter().enumerate() {
            // A look answers that nothing is there, since no path of this folder leads there.
            assert!(tried.is_err() || number == 10, "call {number}");
        }
        let names = std::fs::read_dir(outside.path()).unwrap().count();
        let kept = std::fs::read(outside.path().join("f")).unwrap();
        assert_eq!((names, kept.as_slice()), (3, b"kept".as_slice()));
        assert!(inside.path().join("own").exists());
    }
}
