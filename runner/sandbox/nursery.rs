//! Where zygotes come from: a small process with one thread that forks one for each sandbox.
//!
//! To start a program costs as much as all namespaces together, so only the nursery is started
//! as one. It never learns anything of a sandbox: each zygote gets its plan after its birth.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{ExitCode, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sched::CloneFlags;
use nix::unistd::geteuid;

use crate::call::{CallError, Named as _};
use crate::error::SandboxError;
use crate::kernel::child::Child;
use crate::kernel::process::{self, Cloned};
use crate::kernel::processor;
use crate::{wire, zygote};

/// The first argument by which a program knows that it is to be a nursery.
pub const ARGUMENT: &str = "__init";

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The nursery of this process.
static NURSERY: Mutex<Option<Nursery>> = Mutex::new(None);

/// A process that was forked before this one had a second thread.
static PLANTED: Mutex<Option<Seed>> = Mutex::new(None);

/// A process that a sandbox grows from, and the runner's end of its socket.
pub(crate) struct Seed {
    pub(crate) socket: UnixStream,
    pub(crate) process: Child,
    pub(crate) kind: Kind,
}

/// What a seed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A zygote, which bears pid 1 and looks after it if need be.
    Zygote,
    /// Pid 1 itself, which nobody looks after.
    First,
}

/// A nursery, which always has one zygote more than it was asked for: that one makes its namespaces
/// while the sandbox before it works. It is used once, as all are.
struct Nursery {
    socket: UnixStream,
    /// The runner's end of the socket of the zygote that comes next.
    next: UnixStream,
}

/// Is the nursery until its runner has ended, and a zygote in every process it forks. `main`
/// calls this, before anything else, when its first argument is [`ARGUMENT`].
pub fn main() -> ExitCode {
    take_stdin().map_or(ExitCode::FAILURE, serve)
}

/// Forks the seed of the first sandbox that this process will start: pid 1, and for root, who has
/// more to see to beforehand, a zygote. It pays where a process lives as long as one sandbox: `main`
/// calls it while there is one thread and little memory. Where that fails, the first zygote comes
/// from the nursery, as all others do.
///
/// In the new process it returns the code to end with.
pub fn plant() -> Option<ExitCode> {
    if !process::has_one_thread() {
        return None;
    }
    let (ours, theirs) = UnixStream::pair().ok()?;
    patient(&ours).ok()?;
    process::adopt_orphans().ok()?;
    let (kind, namespaces) = if geteuid().is_root() {
        (Kind::Zygote, CloneFlags::empty())
    } else {
        (Kind::First, zygote::NAMESPACES)
    };
    // SAFETY: there is one thread, as the kernel has just said.
    match unsafe { process::clone_into(namespaces) }.ok()? {
        Cloned::Child => {
            drop(ours);
            Some(grow(theirs, kind))
        }
        Cloned::Parent { pid, pidfd } => {
            processor::part_with(pid);
            *lock(&PLANTED) = Some(Seed {
                socket: ours,
                process: Child::new(pid, pidfd),
                kind,
            });
            None
        }
    }
}

/// A new process that waits for its plan.
pub(crate) fn bear() -> Result<Seed, SandboxError> {
    let planted = lock(&PLANTED).take();
    if let Some(seed) = planted.and_then(alive) {
        return Ok(seed);
    }
    let mut place = lock(&NURSERY);
    if let Some(nursery) = &mut *place {
        // The one that waited may have been killed. Nobody has waited for the one after it.
        for _ in 0..2 {
            if let Some(seed) = nursery.deliver().ok().and_then(alive) {
                return Ok(seed);
            }
        }
    }
    // There is none yet, or somebody has killed it.
    let nursery = place.insert(Nursery::open()?);
    let born = nursery.deliver();
    born.map_err(SandboxError::runner("fork a zygote"))
}

/// The seed, unless somebody has killed it while it waited.
fn alive(mut seed: Seed) -> Option<Seed> {
    if seed.process.has_ended() {
        seed.process.wait();
        return None;
    }
    Some(seed)
}

/// What is behind the lock is whole at any time, so that a panic elsewhere spoils nothing.
fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Nursery {
    /// Starts a nursery. `Command` without hooks uses `vfork`: the runner's memory is not copied.
    fn open() -> Result<Self, SandboxError> {
        // A zygote that has nothing left to do leaves its pid 1 to this process.
        process::adopt_orphans()
            .map_err(io::Error::other)
            .map_err(SandboxError::runner("become a reaper"))?;
        let pair = UnixStream::pair().map_err(SandboxError::runner("make a socket"))?;
        let (socket, theirs) = pair;
        let started = std::process::Command::new("/proc/self/exe")
            .arg(ARGUMENT)
            .env_clear()
            // Ctrl-C goes to the whole group of a terminal; how a sandbox ends is the runner's to say.
            .process_group(0)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // It ends with its socket, and nobody needs to hear of that.
        drop(started.map_err(SandboxError::runner("start /proc/self/exe"))?);
        patient(&socket).map_err(SandboxError::runner("set a timeout"))?;
        let next = ask(&socket).map_err(SandboxError::runner("ask for a zygote"))?;
        Ok(Self { socket, next })
    }

    /// The zygote that was asked for last; the next one is asked for.
    fn deliver(&mut self) -> io::Result<Seed> {
        let answer: Option<(Result<i32, CallError>, _)> = wire::receive(&self.socket)?;
        let (born, handles) = answer.ok_or(io::ErrorKind::BrokenPipe)?;
        let pid = born.map_err(io::Error::other)?;
        let handle = handles
            .into_iter()
            .next()
            .ok_or(io::ErrorKind::InvalidData)?;
        let socket = std::mem::replace(&mut self.next, ask(&self.socket)?);
        Ok(Seed {
            socket,
            process: Child::new(pid, handle),
            kind: Kind::Zygote,
        })
    }
}

/// A start that takes longer than this hangs on a dead disk.
fn patient(socket: &UnixStream) -> io::Result<()> {
    socket.set_read_timeout(Some(START_TIMEOUT))
}

/// Asks for a zygote by the socket it is to have.
fn ask(nursery: &UnixStream) -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    patient(&ours)?;
    wire::send(nursery, &(), &[theirs.as_fd()])?;
    Ok(ours)
}

/// Forks a zygote for each socket that comes. A zygote is the runner's child, not the nursery's:
/// the runner waits for it, and it may outlive the nursery.
fn serve(runner: UnixStream) -> ExitCode {
    while let Ok(Some(((), sockets))) = wire::receive(&runner) {
        let Some(socket) = sockets.into_iter().next() else {
            return ExitCode::FAILURE;
        };
        // SAFETY: a nursery has one thread.
        let answered = match unsafe { process::clone_into(CloneFlags::CLONE_PARENT) } {
            Ok(Cloned::Child) => {
                drop(runner);
                return zygote::main(UnixStream::from(socket));
            }
            Ok(Cloned::Parent { pid, pidfd }) => {
                wire::send(&runner, &Ok::<_, CallError>(pid), &[pidfd.as_fd()])
            }
            Err(error) => wire::send(&runner, &Err::<i32, _>(error), &[]),
        };
        if answered.is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Becomes as bare as a zygote that came from a nursery: no arguments, no environment, no
/// descriptor of the caller's, a group of its own. Unlike that one it has the runner's addresses;
/// nothing inside can read them, and the steps are programs of their own.
fn grow(socket: UnixStream, kind: Kind) -> ExitCode {
    // SAFETY: this process does nothing from here on but to be what it is, which reads neither.
    let forgotten = unsafe { process::forget_invocation() };
    let bare = forgotten.and_then(|()| {
        process::lead_group()?;
        process::place_on_nothing(1)?;
        process::place_on_nothing(2)?;
        process::place_at(&socket, 0)?;
        drop(socket);
        take_stdin()
    });
    match (bare, kind) {
        (Err(_), _) => ExitCode::FAILURE,
        (Ok(socket), Kind::Zygote) => zygote::main(socket),
        (Ok(socket), Kind::First) => zygote::first(&socket),
    }
}

/// The socket that lies in place of the standard input. Whatever else slipped through is closed:
/// a descriptor of the host must not reach a step.
fn take_stdin() -> Result<UnixStream, CallError> {
    process::close_from(3)?;
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.named(|| "fcntl(0, F_DUPFD_CLOEXEC)".to_owned())?;
    process::place_at(io::stdout(), 0)?;
    Ok(UnixStream::from(socket))
}
