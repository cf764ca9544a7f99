//! What sandboxes grow from, as the runner asks for it and holds it.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};

use crate::call::CallError;
use crate::error::{At as _, SandboxError, Stage};
use crate::kernel::child::Child;
use crate::kernel::process;
use crate::wire;

/// What this program is called with to be a nursery.
pub(crate) const NURSERY_ARGUMENT: &str = "__init";

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

/// What a nursery is asked for.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    /// Whether nobody needs it yet.
    pub(crate) ahead: bool,
}

/// A seed by its number and its descriptor.
type Born = (Result<i32, CallError>, Option<OwnedFd>);

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
}

/// Keeps one that was planted for the first sandbox.
pub(crate) fn keep(planted: Seed) {
    *lock(&PLANTED) = Some(planted);
}

/// A seed that waits for its plan.
pub(crate) fn bear(kind: Kind) -> Result<Seed, SandboxError> {
    let planted = lock(&PLANTED).take_if(|seed| seed.kind == kind);
    if let Some(seed) = planted.and_then(alive) {
        return Ok(seed);
    }
    let mut place = lock(&NURSERY);
    if let Some(nursery) = &mut *place {
        // What waited may have been killed, or have found less room on this machine than there is.
        if let Some(seed) = nursery.take(kind).and_then(alive) {
            return Ok(seed);
        }
        match nursery.deliver(kind) {
            // Somebody has killed the nursery.
            Err(SandboxError::Runner { .. }) => {}
            other => return other,
        }
    }
    place.insert(Nursery::open()?).deliver(kind)
}

/// Has one born that waits, unless one of this kind does. Without one, the next sandbox begins a
/// little later: nobody waits for this.
pub(crate) fn sow(kind: Kind) {
    if let Ok(mut place) = NURSERY.try_lock()
        && let Some(nursery) = &mut *place
    {
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
            .arg(NURSERY_ARGUMENT)
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

    /// The seed that waits.
    fn take(&mut self, kind: Kind) -> Option<Seed> {
        let at = self.waiting.iter().position(|(known, _)| *known == kind)?;
        let (_, socket) = self.waiting.swap_remove(at);
        self.welcome(kind, socket).ok()
    }

    /// A new seed.
    fn deliver(&self, kind: Kind) -> Result<Seed, SandboxError> {
        let ahead = false;
        let socket = self.ask(Order { kind, ahead });
        self.welcome(
            kind,
            socket.map_err(SandboxError::runner("ask for a seed"))?,
        )
    }

    /// Sees to it that a seed waits.
    fn prepare(&mut self, kind: Kind) -> io::Result<()> {
        if self.waiting.iter().all(|(known, _)| *known != kind) {
            let ahead = true;
            let socket = self.ask(Order { kind, ahead })?;
            self.waiting.push((kind, socket));
        }
        Ok(())
    }

    /// Asks for a seed by the socket it is to have.
    fn ask(&self, order: Order) -> io::Result<UnixStream> {
        let (ours, theirs) = pair()?;
        wire::send(&self.socket, &order, &[theirs.as_fd()])?;
        Ok(ours)
    }

    /// Hears that a seed was born.
    fn welcome(&self, kind: Kind, socket: UnixStream) -> Result<Seed, SandboxError> {
        let word = self.first_word(&socket);
        let (born, handle) = word.map_err(SandboxError::runner("hear of a seed"))?;
        let pid = match kind {
            // It is born into namespaces.
            Kind::First => born.at(Stage::Namespaces)?,
            Kind::Zygote => born
                .map_err(io::Error::other)
                .map_err(SandboxError::runner("fork a zygote"))?,
        };
        let handle = handle.ok_or(SandboxError::Gone("be born"))?;
        Ok(Seed {
            socket,
            process: Child::new(pid, handle),
            kind,
        })
    }

    /// What the nursery says on the socket of a seed, before anybody else does. It is the seed's
    /// other end as well, so that it would stay open if the nursery were gone.
    fn first_word(&self, socket: &UnixStream) -> io::Result<Born> {
        let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut events = [watch(socket.as_fd()), watch(self.socket.as_fd())];
        let patience = PollTimeout::try_from(START_TIMEOUT).unwrap_or(PollTimeout::MAX);
        while let Err(Errno::EINTR) = poll(&mut events, patience) {}
        if !events[0].any().unwrap_or(false) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let (born, handles) = wire::receive(socket)?.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok((born, handles.into_iter().next()))
    }
}

/// Two ends of a socket; the first is the runner's. A start that takes longer than this hangs on a
/// dead disk.
pub(crate) fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(START_TIMEOUT))?;
    Ok((ours, theirs))
}
