//! A program at work: waited for, ended with all that it started, and never left behind.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use zwieback_sandbox::child_memory::limit_memory;

use super::memory;
use crate::fs::given_file;
use crate::stop::is_stopped;

/// How often the end of a program is looked for, at first and at last.
const PULSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(32)];
/// How long a program has to end after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A line of numbers, longer than any program that asks for a PIN starts processes.
const MOST_CHILDREN: u64 = 1 << 20;

/// Why a program was ended before its time.
#[derive(Debug)]
pub(super) enum Cut {
    /// It cannot be waited for.
    Io(io::Error),
    /// Its time was over.
    TooSlow,
    /// It printed too much.
    TooMuch,
    /// It put too much into its folder.
    Grown(u64),
    /// The user asked to stop.
    Interrupted,
}

/// A program that is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) child: Child,
    has_group: bool,
}

impl Running {
    /// Starts it; one that may use the terminal stays in our process group.
    pub(super) fn start(command: &mut Command, terminal: bool) -> io::Result<Self> {
        if !terminal {
            command.process_group(0);
        }
        limit_memory(command, memory::most());
        Ok(Self {
            child: command.spawn()?,
            has_group: !terminal,
        })
    }

    /// Waits until it ends by itself, or is to end.
    pub(super) fn wait(
        &mut self,
        limit: Duration,
        mut too_much: impl FnMut() -> Option<Cut>,
    ) -> Result<(), Cut> {
        let (start, mut pulse) = (Instant::now(), PULSES[0]);
        while !self.has_ended().map_err(Cut::Io)? {
            if let Some(cut) = too_much() {
                return Err(cut);
            }
            if start.elapsed() > limit {
                return Err(Cut::TooSlow);
            }
            if is_stopped() {
                return Err(Cut::Interrupted);
            }
            thread::sleep(pulse);
            pulse = (pulse * 2).min(PULSES[1]);
        }
        Ok(())
    }

    /// Ends what it has left in its process group.
    pub(super) fn sweep(&self) {
        if self.has_group {
            self.signal(Signal::KILL);
        }
    }

    /// How it ended.
    pub(super) fn status(&mut self) -> Result<ExitStatus, Cut> {
        self.child.wait().map_err(Cut::Io)
    }

    /// It has ended and its number is still its own, as nobody has taken its status.
    fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.pid()), options)?;
        Ok(status.is_some())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn signal(&self, signal: Signal) {
        if self.has_group {
            gone_is_fine(kill_process_group(self.pid(), signal));
            return;
        }
        for pid in descendants(self.pid()) {
            gone_is_fine(kill_process(pid, signal));
        }
        gone_is_fine(kill_process(self.pid(), signal));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its status was taken: the number may be another's by now.
        if !matches!(self.has_ended(), Ok(false)) {
            drop(self.child.wait());
            return;
        }
        self.signal(Signal::TERM);
        let end = Instant::now() + GRACE;
        while Instant::now() < end && matches!(self.has_ended(), Ok(false)) {
            thread::sleep(PULSES[0]);
        }
        self.signal(Signal::KILL);
        drop(self.child.wait());
    }
}

/// Who has ended already needs no signal; and one that became another user's can have none.
fn gone_is_fine(sent: rustix::io::Result<()>) {
    debug_assert!(sent.is_ok() || sent == Err(Errno::SRCH) || sent == Err(Errno::PERM));
}

/// All that a process has started and that is still below it (proc(5), `children`).
fn descendants(of: Pid) -> Vec<Pid> {
    let (mut found, mut open) = (Vec::new(), vec![of]);
    while let Some(pid) = open.pop() {
        let number = pid.as_raw_nonzero();
        let file = format!("/proc/{number}/task/{number}/children");
        let children = given_file::read_text(Path::new(&file), MOST_CHILDREN);
        let children = children.unwrap_or_default();
        let children = children
            .split_whitespace()
            .filter_map(|word| word.parse().ok());
        open.extend(children.filter_map(Pid::from_raw));
        found.extend((pid != of).then_some(pid));
    }
    found
}
