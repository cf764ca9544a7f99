//! A child of this process, by a descriptor that no other process can take over.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::process;

/// A child that was not started by the standard library.
#[derive(Debug)]
pub(crate) struct Child {
    pid: i32,
    handle: OwnedFd,
    ended: bool,
}

impl Child {
    /// The child with this number and descriptor.
    pub(crate) fn new(pid: i32, handle: OwnedFd) -> Self {
        Self {
            pid,
            handle,
            ended: false,
        }
    }

    /// Kills it.
    pub(crate) fn kill(&self) {
        process::kill(&self.handle);
    }

    /// Whether it has ended already; it is still to be waited for.
    pub(crate) fn has_ended(&self) -> bool {
        let mut event = [PollFd::new(self.handle.as_fd(), PollFlags::POLLIN)];
        poll(&mut event, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Leaves it to whoever comes after this process.
    pub(crate) fn forget(&mut self) {
        self.ended = true;
    }

    /// Waits for its end, and tells it once.
    pub(crate) fn wait(&mut self) -> Option<ExitStatus> {
        if self.ended {
            return None;
        }
        self.ended = true;
        let mut status = 0;
        loop {
            // SAFETY: the pointer is to a local. Nobody else waits for this child, so its number
            // is not given to another before this call.
            let waited = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
            match Errno::result(waited) {
                Err(Errno::EINTR) => {}
                // The caller's caller may have asked not to hear of the ends of children.
                Err(_) => return None,
                Ok(_) => return Some(ExitStatus::from_raw(status)),
            }
        }
    }
}
