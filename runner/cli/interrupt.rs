//! Ctrl-C: the first asks the story to stop and clean up, the second ends the program. So does the first
//! one alone once the story had time enough: a read that nobody answers does not hear of it.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::exit;
use crate::pipeline::context::stop::Stop;

/// How long a story may take to stop. What it is cleaning up then is left, as after a crash.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether nothing has begun that would have to be cleaned up.
static IDLE: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The signals that ask a program to end.
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Has these signals end the program at once, with the code for it: what a command without a story writes,
/// it writes whole or not at all.
pub fn end_at_once() -> io::Result<()> {
    let idle = IDLE.get_or_init(|| Arc::new(AtomicBool::new(true)));
    for signal in SIGNALS {
        let code = exit::INTERRUPTED.into();
        flag::register_conditional_shutdown(signal, code, Arc::clone(idle))?;
    }
    Ok(())
}

/// Watches for the same signals from here on: the first asks the story to stop.
pub fn watch() -> io::Result<Stop> {
    let (alarm, bell) = UnixStream::pair()?;
    let stop = Stop::heard(alarm.into());
    let (heard, tell) = UnixStream::pair()?;
    for signal in SIGNALS {
        // Armed by the first signal, so that a second one cannot be lost in a hanging clean-up.
        let again = stop.flag();
        flag::register_conditional_shutdown(signal, exit::INTERRUPTED.into(), Arc::clone(&again))?;
        flag::register(signal, again)?;
        low_level::pipe::register(signal, bell.try_clone()?)?;
        low_level::pipe::register(signal, tell.try_clone()?)?;
    }
    thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || end_in_the_end(heard))?;
    if let Some(idle) = IDLE.get() {
        idle.store(false, Ordering::SeqCst);
    }
    Ok(stop)
}

/// Waits for the first signal, and ends the program if it is still there after a while.
fn end_in_the_end(mut heard: UnixStream) {
    if heard.read_exact(&mut [0]).is_ok() {
        thread::sleep(PATIENCE);
        low_level::exit(exit::INTERRUPTED.into());
    }
}
