//! A walk through a directory tree that holds one descriptor, however deep the tree is.

use std::ffi::CStr;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::{enter_unlocked, open_unlocked};

/// Read, write and search for the owner: what deleting a tree takes.
pub const OWNER_ALL: u32 = 0o700;
/// Read and search for the owner: what reading a tree takes.
pub const OWNER_READ: u32 = 0o500;
/// No bit is changed: what cannot be entered is an error.
pub const AS_IS: u32 = 0;

/// A place in a tree, with the way back up by identity instead of by descriptor.
///
/// A stack of descriptors dies of `RLIMIT_NOFILE` in a tree some thousand levels deep (measured), recursion of the stack.
pub struct Descent {
    here: OwnedFd,
    identity: Identity,
    above: Vec<Identity>,
    access: u32,
}

/// Which directory this is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Descent {
    /// Starts in `dir`, and gives the owner of each directory it enters the bits in `access`.
    pub fn new(dir: BorrowedFd<'_>, access: u32) -> Result<Self, CallError> {
        let here = open_unlocked(dir, c".", access)?;
        let identity = identify(&here)?;
        Ok(Self {
            here,
            identity,
            above: Vec::new(),
            access,
        })
    }

    /// The directory the walk is in.
    pub fn here(&self) -> BorrowedFd<'_> {
        self.here.as_fd()
    }

    /// How many levels below the start the walk is.
    pub fn depth(&self) -> usize {
        self.above.len()
    }

    /// Goes into a directory.
    pub fn down(&mut self, name: &CStr) -> Result<(), CallError> {
        let next = enter_unlocked(self.here.as_fd(), name, self.access)?;
        let identity = identify(&next)?;
        if identity.device != self.identity.device {
            // Another volume of one mount (btrfs): it belongs to somebody else, as a mount does.
            return Err(Errno::XDEV).attempt("openat2", name.to_bytes());
        }
        self.above.push(self.identity);
        self.here = next;
        self.identity = identity;
        Ok(())
    }

    /// Goes back up; false at the start. A directory that was moved meanwhile is an error, never a way out.
    pub fn up(&mut self) -> Result<bool, CallError> {
        let Some(expected) = self.above.pop() else {
            return Ok(false);
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = openat(&self.here, c"..", flags, Mode::empty()).attempt("openat", "..")?;
        if identify(&parent)? != expected {
            return Err(Errno::XDEV).attempt("openat", "..");
        }
        self.here = parent;
        self.identity = expected;
        Ok(true)
    }
}

fn identify(dir: &OwnedFd) -> Result<Identity, CallError> {
    let stat: Stat = fstat(dir).attempt("fstat", ".")?;
    Ok(Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}
