//! Adding up a tree that a step makes while it is added up.

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, Metadata};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};
use zwieback_model::sandbox_spec::limits::Quota;

/// Descriptors of the deepest levels that are kept. What lies further up is found again by `..`: a tree
/// may be deeper than a process may have files open, and its paths longer than `PATH_MAX`.
const OPEN_LEVELS: usize = 64;

/// Files of so many bytes are counted once however many names they have, and wherever they are moved
/// meanwhile. Smaller ones are remembered if they have several names; that bounds the memory it takes.
const REMEMBERED: u64 = 64 << 10;

/// What came of adding up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The whole tree, which is within the quota.
    Whole(Quota),
    /// There is more than the quota.
    Full,
    /// Something could not be read or was not where it was a moment ago: there may be more.
    Partial,
}

/// Adds up everything below a directory; ends as soon as that is more than the quota.
pub(super) fn add_up(top: BorrowedFd<'_>, quota: Quota) -> Pass {
    let mut walk = Walk::new(quota);
    match walk.run(top) {
        _ if walk.is_full() => Pass::Full,
        Ok(()) if walk.is_whole => Pass::Whole(walk.sum),
        _ => Pass::Partial,
    }
}

/// A directory whatever its name is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
}

/// A directory on the way from the top to where the walk is.
struct Level {
    /// Nothing while the walk is much deeper.
    dir: Option<OwnedFd>,
    identity: Identity,
    /// Names of the directories in it that are still to be added up, each ended by a zero byte.
    pending: Vec<u8>,
}

struct Walk {
    quota: Quota,
    sum: Quota,
    levels: Vec<Level>,
    /// Bytes that were counted of a file.
    remembered: HashMap<Identity, u64>,
    is_whole: bool,
}

impl Walk {
    fn new(quota: Quota) -> Self {
        Self {
            quota,
            sum: Quota {
                bytes: 0,
                inodes: 0,
            },
            levels: Vec::new(),
            remembered: HashMap::new(),
            is_whole: true,
        }
    }

    /// An error is the end of the way: what is left cannot be reached.
    fn run(&mut self, top: BorrowedFd<'_>) -> Result<(), Errno> {
        self.enter(open(top, c".")?)?;
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.next_pending() else {
                self.leave()?;
                continue;
            };
            let dir = level.dir.as_ref().ok_or(Errno::EBADF)?;
            match open(dir.as_fd(), &name) {
                Ok(dir) => self.enter(dir)?,
                // Removed, moved, or closed to its owner.
                Err(_) => self.is_whole = false,
            }
            if self.is_full() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.sum.bytes > self.quota.bytes || self.sum.inodes > self.quota.inodes
    }

    fn enter(&mut self, dir: OwnedFd) -> Result<(), Errno> {
        let mut level = Level {
            identity: identify(&dir)?,
            dir: None,
            pending: Vec::new(),
        };
        self.count_entries(&dir, &mut level.pending);
        level.dir = Some(dir);
        self.levels.push(level);
        // The first one stays open: there is no `..` to it that could be trusted.
        let closed = self.levels.len().saturating_sub(OPEN_LEVELS + 1);
        if let Some(above) = self.levels.get_mut(closed).filter(|_| closed > 0) {
            above.dir = None;
        }
        Ok(())
    }

    /// Goes up by one level, by `..` where its descriptor was closed.
    fn leave(&mut self) -> Result<(), Errno> {
        let left = self.levels.pop();
        let (Some(below), Some(above)) = (left, self.levels.last_mut()) else {
            return Ok(());
        };
        if above.dir.is_none() {
            let dir = open(below.dir.as_ref().ok_or(Errno::EBADF)?.as_fd(), c"..")?;
            if identify(&dir)? != above.identity {
                return Err(Errno::EXDEV);
            }
            above.dir = Some(dir);
        }
        Ok(())
    }

    /// Counts what a directory holds, and notes the directories in it.
    fn count_entries(&mut self, dir: &OwnedFd, pending: &mut Vec<u8>) {
        let Ok(entries) = fs::read_dir(format!("/proc/self/fd/{}/", dir.as_raw_fd())) else {
            self.is_whole = false;
            return;
        };
        for entry in entries {
            // Of the entry itself, in the directory that is open: a symlink could lead anywhere.
            let Some((entry, found)) = entry
                .ok()
                .and_then(|entry| entry.metadata().ok().map(|found| (entry, found)))
            else {
                self.is_whole = false;
                continue;
            };
            self.count(&found);
            if self.is_full() {
                return;
            }
            if found.is_dir() {
                note(pending, &entry.file_name());
            }
        }
    }

    fn count(&mut self, found: &Metadata) {
        self.sum.inodes += 1;
        // stat(2): st_blocks counts 512 bytes whatever the file system does.
        let mut bytes = found.blocks().saturating_mul(512);
        if bytes >= REMEMBERED || (found.nlink() > 1 && !found.is_dir()) {
            let identity = Identity {
                device: found.dev(),
                inode: found.ino(),
            };
            let counted = self.remembered.entry(identity).or_default();
            let grown = bytes.saturating_sub(*counted);
            *counted = bytes.max(*counted);
            bytes = grown;
        }
        self.sum.bytes = self.sum.bytes.saturating_add(bytes);
    }
}

impl Level {
    fn next_pending(&mut self) -> Option<CString> {
        self.pending.pop()?;
        let start = self.pending.iter().rposition(|byte| *byte == 0);
        let name = self.pending.split_off(start.map_or(0, |zero| zero + 1));
        CString::new(name).ok()
    }
}

fn note(pending: &mut Vec<u8>, name: &OsStr) {
    pending.extend_from_slice(name.as_bytes());
    pending.push(0);
}

fn open(dir: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(dir, name, flags, Mode::empty())
}

fn identify(dir: &OwnedFd) -> Result<Identity, Errno> {
    let stat = fstat(dir)?;
    Ok(Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use nix::sys::stat::mkdirat;
    use nix::unistd::Uid;

    use super::*;

    fn pass(dir: &Path, bytes: u64, inodes: u64) -> Pass {
        let top = OwnedFd::from(fs::File::open(dir).unwrap());
        add_up(top.as_fd(), Quota { bytes, inodes })
    }

    fn is_whole(pass: Pass) -> bool {
        matches!(pass, Pass::Whole(_))
    }

    /// Makes nested folders of one name, and a file of `bytes` in the last.
    fn nest(top: &Path, name: &CStr, depth: usize, bytes: usize) {
        let mut here = OwnedFd::from(fs::File::open(top).unwrap());
        for _ in 0..depth {
            mkdirat(&here, name, Mode::S_IRWXU).unwrap();
            here = open(here.as_fd(), name).unwrap();
        }
        let file = format!("/proc/self/fd/{}/file", here.as_raw_fd());
        fs::write(file, vec![7; bytes]).unwrap();
    }

    /// Deep trees are removed by what removes them after a run, which is not of this crate.
    fn in_memory() -> tempfile::TempDir {
        tempfile::tempdir_in("/dev/shm").unwrap()
    }

    #[test]
    fn a_tree_is_added_up() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/b"), vec![7; 100_000]).unwrap();
        assert!(is_whole(pass(dir.path(), 1 << 20, 10)));
        assert_eq!(pass(dir.path(), 50_000, 10), Pass::Full);
        assert_eq!(pass(dir.path(), 1 << 20, 1), Pass::Full);
    }

    #[test]
    fn a_link_out_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        symlink("/usr", dir.path().join("out")).unwrap();
        assert!(is_whole(pass(dir.path(), 1 << 20, 1)));
    }

    #[test]
    fn a_file_counts_once_however_many_names_it_has() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("0"), vec![7; 100_000]).unwrap();
        for name in 1..9 {
            fs::hard_link(dir.path().join("0"), dir.path().join(name.to_string())).unwrap();
        }
        assert!(is_whole(pass(dir.path(), 150_000, 20)));
        assert_eq!(pass(dir.path(), 150_000, 8), Pass::Full);
    }

    #[test]
    fn no_depth_hides_a_file_and_none_is_a_fault_by_itself() {
        let dir = in_memory();
        nest(dir.path(), c"d", 5000, 300_000);
        let before = fs::read_dir("/proc/self/fd").unwrap().count();
        assert!(is_whole(pass(dir.path(), 1 << 30, 10_000)));
        assert_eq!(pass(dir.path(), 200_000, 10_000), Pass::Full);
        assert!(fs::read_dir("/proc/self/fd").unwrap().count() <= before + 8);
    }

    #[test]
    fn no_path_is_too_long() {
        let dir = in_memory();
        let name = CString::new([b'd'; 250]).unwrap();
        nest(dir.path(), &name, 20, 3_000_000);
        assert!(is_whole(pass(dir.path(), 4_000_000, 100)));
        assert_eq!(pass(dir.path(), 2_000_000, 100), Pass::Full);
    }

    #[test]
    fn more_descriptors_than_levels_are_never_open() {
        let dir = in_memory();
        nest(dir.path(), c"d", 500, 1);
        let top = OwnedFd::from(fs::File::open(dir.path()).unwrap());
        let mut walk = Walk::new(Quota {
            bytes: 1 << 30,
            inodes: 1000,
        });
        let mut next = open(top.as_fd(), c".");
        while let Ok(dir) = next {
            walk.enter(dir).unwrap();
            let open_now = walk.levels.iter().filter(|level| level.dir.is_some());
            assert!(open_now.count() <= OPEN_LEVELS + 1);
            let level = walk.levels.last().unwrap();
            next = open(level.dir.as_ref().unwrap().as_fd(), c"d");
        }
        assert_eq!(walk.levels.len(), 501);
    }

    #[test]
    fn a_folder_that_left_its_place_makes_a_pass_partial() {
        let dir = in_memory();
        nest(dir.path(), c"d", 2 * OPEN_LEVELS, 1);
        let top = OwnedFd::from(fs::File::open(dir.path()).unwrap());
        let mut walk = Walk::new(Quota {
            bytes: 1 << 30,
            inodes: 1000,
        });
        let mut here = open(top.as_fd(), c".").unwrap();
        for _ in 0..=2 * OPEN_LEVELS {
            walk.enter(here).unwrap();
            let level = walk.levels.last().unwrap();
            match open(level.dir.as_ref().unwrap().as_fd(), c"d") {
                Ok(next) => here = next,
                Err(_) => break,
            }
        }
        let path = |depth| dir.path().join("d/".repeat(depth));
        fs::rename(path(OPEN_LEVELS), dir.path().join("elsewhere")).unwrap();
        let gone = loop {
            if let Err(errno) = walk.leave() {
                break errno;
            }
            assert!(!walk.levels.is_empty());
        };
        assert_eq!(gone, Errno::EXDEV);
    }

    #[test]
    fn a_folder_that_its_owner_closed_is_not_nothing() {
        if Uid::effective().is_root() {
            // Root reads it. An ordinary user tries it in tests/kernel as well.
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let closed = dir.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::write(closed.join("file"), vec![7; 3_000_000]).unwrap();
        for mode in [0o000, 0o300, 0o600] {
            fs::set_permissions(&closed, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(pass(dir.path(), 1 << 20, 100), Pass::Partial, "{mode:o}");
        }
        fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
    }
}
