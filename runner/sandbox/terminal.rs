//! Runs a step for a person: `zwieback shell`.
//!
//! A terminal of the caller is never handed in. Who holds a terminal can type into it, and what
//! is typed is run by the shell outside when the sandbox has ended (CVE-2017-5226). The step
//! gets a terminal of its own, and the runner carries bytes between the two.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Stderr, Stdin, Stdout, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::canceller::Canceller;
use crate::error::SandboxError;
use crate::kernel::terminal::{set_window_size, window_size};
use crate::owner::Owner;
use crate::protocol::Streams;
use crate::run::Turn;
use crate::sandbox::Sandbox;
use crate::starting::Starting;
use crate::step::{Command, StepOutcome};

/// The size of the caller's terminal is compared this often, in milliseconds.
const RESIZE_GRAIN: u16 = 200;

impl Sandbox {
    /// Runs a step on the caller's standard streams.
    pub fn run_interactive(&mut self, command: &Command) -> Result<StepOutcome, SandboxError> {
        let own = Own::default();
        let console = Console::open(&own)?;
        console.give(self.owner)?;
        self.begin(command, console.streams(), &console.handed())?;
        console.attend(self)
    }
}

impl Starting {
    /// Runs a first step that finds nothing staged; see [`Sandbox::run_interactive`].
    pub fn run_interactive(
        self,
        command: &Command,
    ) -> Result<(Sandbox, StepOutcome), SandboxError> {
        let own = Own::default();
        let console = Console::open(&own)?;
        console.give(self.owner)?;
        self.ask(command, console.streams(), &console.handed())?;
        let mut sandbox = self.ready()?;
        let outcome = console.attend(&mut sandbox)?;
        Ok((sandbox, outcome))
    }
}

/// The caller's standard streams.
struct Own {
    input: Stdin,
    output: Stdout,
    errors: Stderr,
}

/// What a step gets in their place.
struct Console<'a> {
    own: [BorrowedFd<'a>; 3],
    terminals: [bool; 3],
    /// A terminal of the step's own, if one of the caller's streams is a terminal.
    pair: Option<Pair>,
}

/// Both ends of a terminal, and the first stream that it stands for.
struct Pair {
    ours: PtyMaster,
    theirs: OwnedFd,
    first: usize,
}

impl Default for Own {
    fn default() -> Self {
        Self {
            input: io::stdin(),
            output: io::stdout(),
            errors: io::stderr(),
        }
    }
}

impl<'a> Console<'a> {
    fn open(own: &'a Own) -> Result<Self, SandboxError> {
        let own = [own.input.as_fd(), own.output.as_fd(), own.errors.as_fd()];
        let terminals = own.map(|stream| stream.is_terminal());
        let first = terminals.iter().position(|is_terminal| *is_terminal);
        let pair = first.map(|first| Pair::open(first, own[first])).transpose();
        Ok(Self {
            own,
            terminals,
            pair: pair.map_err(SandboxError::runner("make a terminal"))?,
        })
    }

    /// Gives the step's own terminal to the step's user. What the caller handed in stays the caller's.
    fn give(&self, owner: Owner) -> Result<(), SandboxError> {
        let pair = self.pair.as_ref();
        pair.map_or(Ok(()), |pair| owner.give(&pair.theirs))
    }

    fn streams(&self) -> Streams {
        let number =
            |pair: &Pair| i32::try_from(pair.first).expect("invariant: there are three streams");
        let pair = self.pair.as_ref().map(number);
        pair.map_or(Streams::Passed, Streams::Terminal)
    }

    /// The descriptors that the step gets.
    fn handed(&self) -> [BorrowedFd<'_>; 3] {
        std::array::from_fn(|at| match &self.pair {
            Some(pair) if self.terminals[at] => pair.theirs.as_fd(),
            _ => self.own[at],
        })
    }

    /// Follows a step that was asked for to its end.
    fn attend(self, sandbox: &mut Sandbox) -> Result<StepOutcome, SandboxError> {
        let Some(pair) = self.pair else {
            return Turn::new(sandbox, None, &mut |_| {}).finish();
        };
        let Pair {
            ours,
            theirs,
            first,
        } = pair;
        // The step's end is the last one.
        drop(theirs);
        let (own, is_typed) = (self.own, self.terminals[0]);
        let stop = Canceller::new().map_err(SandboxError::runner("make a switch"))?;
        let raw = is_typed.then(|| RawMode::enter(own[0])).flatten();
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| carry_out(&ours, own[first]));
            scope.spawn(|| carry_in(&ours, own, is_typed, &stop));
            let outcome = Turn::new(sandbox, None, &mut |_| {}).finish();
            stop.cancel();
            outcome
        });
        drop(raw);
        outcome
    }
}

impl Pair {
    /// A terminal of the size of the caller's. Nothing else that this process starts inherits it.
    fn open(first: usize, callers: BorrowedFd<'_>) -> io::Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let ours = posix_openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let theirs = open(ptsname_r(&ours)?.as_str(), flags, Mode::empty())?;
        if let Some(size) = window_size(callers) {
            set_window_size(&ours, size);
        }
        Ok(Self {
            ours,
            theirs,
            first,
        })
    }
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
        let mut events: Vec<PollFd<'_>> = stop.events().collect();
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
