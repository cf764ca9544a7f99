//! Ctrl-C: the first asks the story to stop and clean up, the second ends the program.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use zwieback_host::fetch::canceller::Canceller;
use zwieback_host::launch::running::stop_at;
use zwieback_sandbox::canceller::Alarm;

use super::exit;
use crate::pipeline::stop::Stop;

/// Watches for the signals that ask a program to end.
pub fn watch() -> io::Result<Stop> {
    let fetching = Canceller::default();
    stop_at(fetching.flag());
    let (alarm, bell) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Armed by the first signal, so that a second one cannot be lost in a hanging clean-up.
        let again = fetching.flag();
        flag::register_conditional_shutdown(signal, exit::INTERRUPTED.into(), Arc::clone(&again))?;
        flag::register(signal, again)?;
        low_level::pipe::register(signal, bell.try_clone()?)?;
    }
    Ok(Stop::new(fetching, Alarm::from(OwnedFd::from(alarm))))
}
