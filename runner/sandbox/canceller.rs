//! Ends running steps from another thread or from a signal handler.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// A switch that any number of sandboxes can watch, and that is thrown once.
#[derive(Clone, Debug)]
pub struct Canceller {
    event: Arc<EventFd>,
}

impl Canceller {
    /// A switch that has not been thrown.
    pub fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let event = EventFd::from_value_and_flags(0, flags)?;
        Ok(Self {
            event: Arc::new(event),
        })
    }

    /// Ends every step that runs or will be run under this switch. A single `write(2)`: safe in
    /// a signal handler.
    pub fn cancel(&self) {
        // It fails only when the counter is full, which is when it was thrown already.
        let _ = self.event.write(1);
    }

    /// Whether the switch was thrown.
    pub fn is_cancelled(&self) -> bool {
        let mut event = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        poll(&mut event, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

/// Readable from the moment it is thrown; nobody ever reads it.
impl AsFd for Canceller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
