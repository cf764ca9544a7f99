//! Runs a step for a person: `zwieback shell`.
//!
//! A terminal of the caller is never handed in. Who holds a terminal can type into it, and what
//! is typed is run by the shell outside when the sandbox has ended (CVE-2017-5226). The step
//! gets a terminal of its own, and the runner carries bytes between the two.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::canceller::Canceller;
use crate::error::SandboxError;
use crate::kernel::terminal::{set_window_size, window_size};
use crate::protocol::Streams;
use crate::run::Turn;
use crate::sandbox::Sandbox;
use crate::step::{Command, StepOutcome};

/// The size of the caller's terminal is compared this often, in milliseconds.
const RESIZE_GRAIN: u16 = 200;

impl Sandbox {
    /// Runs a step on the caller's standard streams.
    pub fn run_interactive(&mut self, command: &Command) -> Result<StepOutcome, SandboxError> {
        let (input, output, errors) = (io::stdin(), io::stdout(), io::stderr());
        let own = [input.as_fd(), output.as_fd(), errors.as_fd()];
        let terminals = [
            input.is_terminal(),
            output.is_terminal(),
            errors.is_terminal(),
        ];
        match terminals.iter().position(|is_terminal| *is_terminal) {
            None => {
                self.begin(command, Streams::Passed, &own)?;
                Turn::new(self, None, &mut |_| {}).finish()
            }
            Some(first) => self.run_on_terminal(command, own, terminals, first),
        }
    }

    fn run_on_terminal(
        &mut self,
        command: &Command,
        own: [BorrowedFd<'_>; 3],
        terminals: [bool; 3],
        first: usize,
    ) -> Result<StepOutcome, SandboxError> {
        let (ours, theirs) = open_pair().map_err(SandboxError::runner("make a terminal"))?;
        if let Some(size) = window_size(own[first]) {
            set_window_size(&ours, size);
        }
        let streams: [BorrowedFd<'_>; 3] = std::array::from_fn(|at| {
            if terminals[at] {
                theirs.as_fd()
            } else {
                own[at]
            }
        });
        let number = i32::try_from(first).expect("invariant: there are three streams");
        self.begin(command, Streams::Terminal(number), &streams)?;
        drop(theirs);
        let stop = Canceller::new().map_err(SandboxError::runner("make a switch"))?;
        let raw = terminals[0].then(|| RawMode::enter(own[0])).flatten();
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| carry_out(&ours, own[first]));
            scope.spawn(|| carry_in(&ours, own, terminals[0], &stop));
            let outcome = Turn::new(self, None, &mut |_| {}).finish();
            stop.cancel();
            outcome
        });
        drop(raw);
        outcome
    }
}

/// Both ends of a new terminal. Nothing else that this process starts meanwhile inherits them.
fn open_pair() -> io::Result<(PtyMaster, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let ours = posix_openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let theirs = open(ptsname_r(&ours)?.as_str(), flags, Mode::empty())?;
    Ok((ours, theirs))
}

/// Carries what the step writes until nobody holds its terminal any more.
fn carry_out(ours: &PtyMaster, terminal: BorrowedFd<'_>) {
    let (Ok(from), Ok(to)) = (
        ours.as_fd().try_clone_to_owned(),
        terminal.try_clone_to_owned(),
    ) else {
        return;
    };
    let (mut from, mut to) = (File::from(from), File::from(to));
    let mut chunk = [0; 4096];
    // pty(7): reading fails with EIO once the other side is closed everywhere.
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        if to.write_all(&chunk[..read]).is_err() {
            return;
        }
    }
}

/// Carries what is typed, and the size of the terminal, until the step has ended.
fn carry_in(ours: &PtyMaster, own: [BorrowedFd<'_>; 3], is_typed: bool, stop: &Canceller) {
    let (Ok(from), Ok(to)) = (
        own[0].try_clone_to_owned(),
        ours.as_fd().try_clone_to_owned(),
    ) else {
        return;
    };
    let (mut from, mut to) = (File::from(from), File::from(to));
    let mut watches_input = is_typed;
    let mut chunk = [0; 4096];
    loop {
        let mut events = vec![PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        if watches_input {
            events.push(PollFd::new(own[0], PollFlags::POLLIN));
        }
        let waited = poll(&mut events, PollTimeout::from(RESIZE_GRAIN));
        let is_ready = |at: usize| {
            let event = events.get(at).and_then(PollFd::any);
            waited.is_ok() && event.unwrap_or(false)
        };
        if is_ready(0) {
            return;
        }
        if is_ready(1) {
            match from.read(&mut chunk) {
                Ok(read @ 1..) => watches_input = to.write_all(&chunk[..read]).is_ok(),
                _ => watches_input = false,
            }
        }
        follow_size(ours, own);
    }
}

fn follow_size(ours: &PtyMaster, own: [BorrowedFd<'_>; 3]) {
    let size = own.into_iter().find_map(window_size);
    if let Some(size) = size
        && window_size(ours) != Some(size)
    {
        set_window_size(ours, size);
    }
}

/// The caller's terminal passes every key on, until this is dropped.
struct RawMode<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> RawMode<'a> {
    /// Without it the step works as well, with every line echoed twice.
    fn enter(terminal: BorrowedFd<'a>) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(terminal, SetArg::TCSADRAIN, &raw).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for RawMode<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(self.terminal, SetArg::TCSADRAIN, &self.before);
    }
}
