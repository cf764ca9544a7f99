//! Ends running steps from another thread or at a signal.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// A switch that any number of sandboxes can watch, and that is thrown once.
#[derive(Clone, Debug)]
pub struct Canceller {
    event: Arc<EventFd>,
    alarm: Option<Alarm>,
}

/// A descriptor that is readable once the whole program is to end. Nobody ever reads it, so that
/// everybody hears of it.
#[derive(Clone, Debug)]
pub struct Alarm(Arc<OwnedFd>);

impl Canceller {
    /// A switch that has not been thrown.
    pub fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let event = EventFd::from_value_and_flags(0, flags)?;
        Ok(Self {
            event: Arc::new(event),
            alarm: None,
        })
    }

    /// A switch that counts as thrown at an alarm as well.
    pub fn with_alarm(alarm: Alarm) -> io::Result<Self> {
        let alarm = Some(alarm);
        Ok(Self {
            alarm,
            ..Self::new()?
        })
    }

    /// Ends every step that runs or will be run under this switch.
    pub fn cancel(&self) {
        // It fails only when the counter is full, which is when it was thrown already.
        let _ = self.event.write(1);
    }

    /// Whether the switch was thrown.
    pub fn is_cancelled(&self) -> bool {
        let mut events: Vec<_> = self.events().collect();
        poll(&mut events, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Waits so long; whether the switch was thrown meanwhile.
    pub fn wait(&self, time: Duration) -> bool {
        let mut events: Vec<_> = self.events().collect();
        let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        poll(&mut events, timeout).is_ok_and(|ready| ready > 0)
    }

    /// What is to be waited for: each is ready from the moment the switch is thrown.
    pub(crate) fn events(&self) -> impl Iterator<Item = PollFd<'_>> {
        let alarm = self.alarm.as_ref().map(|alarm| alarm.0.as_fd());
        let descriptors = std::iter::once(self.event.as_fd()).chain(alarm);
        descriptors.map(|fd: BorrowedFd<'_>| PollFd::new(fd, PollFlags::POLLIN))
    }
}

impl From<OwnedFd> for Alarm {
    fn from(descriptor: OwnedFd) -> Self {
        Self(Arc::new(descriptor))
    }
}
