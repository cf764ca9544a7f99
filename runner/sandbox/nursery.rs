//! Where sandboxes grow from: a small process with one thread that forks a seed for each.
//!
//! To start a program costs as much as all namespaces together, so only the nursery is started
//! as one. It never learns anything of a sandbox: each seed gets its plan after its birth.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{ExitCode, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sched::CloneFlags;
use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};

use crate::call::{CallError, Named as _};
use crate::error::{At as _, SandboxError, Stage};
use crate::kernel::child::Child;
use crate::kernel::process::{self, Cloned};
use crate::kernel::processor;
use crate::owner::Owner;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A zygote, which bears pid 1 and looks after it if need be.
    Zygote,
    /// Pid 1 itself, which nobody looks after; for an ordinary user only.
    First,
}

/// A nursery and the seeds that wait: they furnish what needs no plan while the sandbox before them
/// works. Each is used once.
struct Nursery {
    socket: UnixStream,
    /// The runner's ends of their sockets. There is one of a kind at most.
    waiting: Vec<(Kind, UnixStream)>,
}

impl Kind {
    /// What most sandboxes of this process grow from.
    pub(crate) fn usual() -> Self {
        // Root has more to see to before there is a pid 1.
        if geteuid().is_root() {
            Self::Zygote
        } else {
            Self::First
        }
    }

    /// What only a new process can have.
    fn namespaces(self) -> CloneFlags {
        match self {
            Self::Zygote => CloneFlags::empty(),
            Self::First => zygote::NAMESPACES,
        }
    }
}

/// Is the nursery until its runner has ended, and a seed in every process it forks. `main`
/// calls this, before anything else, when its first argument is [`ARGUMENT`].
pub fn main() -> ExitCode {
    take_stdin().map_or(ExitCode::FAILURE, serve)
}

/// Forks the seed of the first sandbox that this process will start, of the usual kind. It pays
/// where a process lives as long as one sandbox: `main` calls it while there is one thread and
/// little memory. Where that fails, the first seed comes from the nursery, as all others do.
///
/// In the new process it returns the code to end with.
pub fn plant() -> Option<ExitCode> {
    if !process::has_one_thread() {
        return None;
    }
    let (ours, theirs) = pair().ok()?;
    process::adopt_orphans().ok()?;
    let owner = Owner::of_this_process().ok()?;
    let kind = Kind::usual();
    // SAFETY: there is one thread, as the kernel has just said.
    match unsafe { process::clone_into(kind.namespaces()) }.ok()? {
        Cloned::Child => {
            drop(ours);
            Some(strip(theirs).map_or(ExitCode::FAILURE, |socket| grow(socket, kind, owner)))
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

/// A seed that waits for its plan.
pub(crate) fn bear(kind: Kind) -> Result<Seed, SandboxError> {
    let planted = lock(&PLANTED).take_if(|seed| seed.kind == kind);
    if let Some(seed) = planted.and_then(alive) {
        return Ok(seed);
    }
    let mut place = lock(&NURSERY);
    if let Some(nursery) = &mut *place {
        // The one that waited may have been killed. Nobody has waited for the one after it.
        for _ in 0..2 {
            match nursery.deliver(kind) {
                Ok(seed) => {
                    if let Some(seed) = alive(seed) {
                        return Ok(seed);
                    }
                }
                Err(refused @ SandboxError::Setup(_)) => return Err(refused),
                Err(_) => break,
            }
        }
    }
    // There is none yet, or somebody has killed it.
    place.insert(Nursery::open()?).deliver(kind)
}

/// Has one born that waits, unless one of this kind does.
pub(crate) fn sow(kind: Kind) {
    if let Some(nursery) = &mut *lock(&NURSERY) {
        // Without one, the next sandbox begins a little later.
        drop(nursery.prepare(kind));
    }
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
        Ok(Self {
            socket,
            waiting: Vec::new(),
        })
    }

    /// The seed that waits, or a new one.
    fn deliver(&mut self, kind: Kind) -> Result<Seed, SandboxError> {
        let found = self.waiting.iter().position(|(known, _)| *known == kind);
        let socket = match found {
            Some(at) => Ok(self.waiting.swap_remove(at).1),
            None => self.ask(kind),
        };
        let socket = socket.map_err(SandboxError::runner("ask for a seed"))?;
        let (pid, handle) = born(&socket).map_err(SandboxError::runner("hear of a seed"))?;
        // A seed that is pid 1 is born into namespaces.
        let pid = pid.at(Stage::Namespaces)?;
        let handle = handle.ok_or(SandboxError::Gone("be born"))?;
        Ok(Seed {
            socket,
            process: Child::new(pid, handle),
            kind,
        })
    }

    /// Sees to it that a seed waits.
    fn prepare(&mut self, kind: Kind) -> io::Result<()> {
        if self.waiting.iter().all(|(known, _)| *known != kind) {
            let socket = self.ask(kind)?;
            self.waiting.push((kind, socket));
        }
        Ok(())
    }

    /// Asks for a seed by the socket it is to have.
    fn ask(&self, kind: Kind) -> io::Result<UnixStream> {
        let (ours, theirs) = pair()?;
        wire::send(&self.socket, &kind, &[theirs.as_fd()])?;
        Ok(ours)
    }
}

/// The first word on the socket of a seed, which is the nursery's.
fn born(socket: &UnixStream) -> io::Result<(Result<i32, CallError>, Option<OwnedFd>)> {
    let word = wire::receive(socket)?;
    let (born, handles) = word.ok_or(io::ErrorKind::BrokenPipe)?;
    Ok((born, handles.into_iter().next()))
}

/// Two ends of a socket; the first is the runner's. A start that takes longer than this hangs on a
/// dead disk.
fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(START_TIMEOUT))?;
    Ok((ours, theirs))
}

/// Forks a seed for each socket that comes. It is the runner's child, not the nursery's: the
/// runner waits for it, and it may outlive the nursery.
fn serve(runner: UnixStream) -> ExitCode {
    let Ok(owner) = Owner::of_this_process() else {
        return ExitCode::FAILURE;
    };
    while let Ok(Some((kind, sockets))) = wire::receive::<Kind>(&runner) {
        let Some(socket) = sockets.into_iter().next().map(UnixStream::from) else {
            return ExitCode::FAILURE;
        };
        let flags = CloneFlags::CLONE_PARENT | kind.namespaces();
        // SAFETY: a nursery has one thread.
        let answered = match unsafe { process::clone_into(flags) } {
            Ok(Cloned::Child) => {
                drop(runner);
                return grow(socket, kind, owner);
            }
            Ok(Cloned::Parent { pid, pidfd }) => {
                wire::tell(&socket, &Ok::<_, CallError>(pid), &[pidfd.as_fd()])
            }
            Err(error) => wire::tell(&socket, &Err::<i32, _>(error), &[]),
        };
        if answered.is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Is what grows from a seed.
fn grow(socket: UnixStream, kind: Kind, owner: Owner) -> ExitCode {
    match kind {
        Kind::Zygote => zygote::main(socket),
        Kind::First => zygote::first(&socket, owner),
    }
}

/// Becomes as bare as a seed that came from a nursery: no arguments, no environment, no
/// descriptor of the caller's, a group of its own. Unlike that one it has the runner's addresses;
/// nothing inside can read them, and the steps are programs of their own.
fn strip(socket: UnixStream) -> Result<UnixStream, CallError> {
    // SAFETY: this process does nothing from here on but to be what it is, which reads neither.
    unsafe { process::forget_invocation() }?;
    process::lead_group()?;
    process::place_on_nothing(1)?;
    process::place_on_nothing(2)?;
    process::place_at(&socket, 0)?;
    drop(socket);
    take_stdin()
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
