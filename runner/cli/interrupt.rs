//! Ctrl-C: the first asks the story to stop and clean up, the second ends the program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use zwieback_host::fetch::canceller::Canceller;

use super::exit;

/// Watches for the signals that ask a program to end.
pub fn watch(stop: &Canceller) -> io::Result<()> {
    let again = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Armed by the first signal, so that a second one cannot be lost in a hanging clean-up.
        signal_hook::flag::register_conditional_shutdown(
            signal,
            exit::INTERRUPTED.into(),
            Arc::clone(&again),
        )?;
        signal_hook::flag::register(signal, Arc::clone(&again))?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let stop = stop.clone();
    thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || {
            for _signal in signals.forever() {
                stop.cancel();
            }
        })?;
    Ok(())
}
