//! One sandbox, from the runner's side.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use zwieback_core::enforcement::Enforcement;
use zwieback_core::name::Name;
use zwieback_core::sandbox_spec::operation::{Medium, Operation, Place, Source};
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use crate::canceller::Canceller;
use crate::cgroup::group::Groups;
use crate::error::SandboxError;
use crate::kernel::process;
use crate::owner::Owner;
use crate::protocol::{Plan, Reply};
use crate::watch::processes::Tables;
use crate::watch::watcher::Watcher;
use crate::{wire, zygote};

/// A start that takes longer hangs on a dead disk.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the named sources of a spec lie on this host.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The merged tree of the toolchains.
    pub toolchain: PathBuf,
    /// Further trees.
    pub trees: BTreeMap<Name, PathBuf>,
    /// Directories for the places that are on disk: empty, and given away to [`Owner`] here.
    pub disks: BTreeMap<Place, PathBuf>,
}

/// A running sandbox. It ends, with everything in it, at the latest when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) spec: SandboxSpec,
    pub(crate) socket: UnixStream,
    pub(crate) canceller: Canceller,
    pub(crate) watcher: Watcher,
    pub(crate) deadline: Instant,
    places: [OwnedFd; 3],
    owner: Owner,
    enforcement: Enforcement,
    processes: Processes,
}

/// What is left to say about a sandbox that has ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// The state of every lock.
    pub enforcement: Enforcement,
    /// The most memory in use at one time, in bytes, as far as it was measured.
    pub peak_memory: Option<u64>,
}

impl Sandbox {
    /// Starts a sandbox, furnished and locked, in which nothing runs yet.
    pub fn start(
        spec: &SandboxSpec,
        sources: Sources,
        canceller: &Canceller,
    ) -> Result<Self, SandboxError> {
        check(spec, &sources)?;
        let owner = Owner::of_this_process().map_err(SandboxError::runner("read the id maps"))?;
        let mut enforcement = Enforcement::default();
        let groups = Groups::create(&spec.limits, &mut enforcement);
        let plan = Plan {
            spec: spec.clone(),
            toolchain: sources.toolchain,
            trees: sources.trees,
            disks: sources.disks,
            owner,
            cgroups: groups.directories(),
        };
        let (socket, mut processes) = Processes::spawn()?;
        let ready = await_ready(&socket, &plan, &mut processes)?;
        enforcement.merge(ready.enforcement);
        if let Some(lock) = enforcement.missing() {
            return Err(SandboxError::Unlocked(lock));
        }
        let watcher = Watcher::new(spec, groups, ready.tables, &ready.places)?;
        Ok(Self {
            deadline: Instant::now() + Duration::from_secs(spec.limits.seconds),
            spec: plan.spec,
            canceller: canceller.clone(),
            places: ready.places,
            socket,
            owner,
            enforcement,
            processes,
            watcher,
        })
    }

    /// A place as a directory. It outlives the sandbox if it is cloned.
    pub fn place(&self, place: Place) -> BorrowedFd<'_> {
        let [work, out, tmp] = &self.places;
        match place {
            Place::Work => work.as_fd(),
            Place::Out => out.as_fd(),
            Place::Tmp => tmp.as_fd(),
        }
    }

    /// Gives the sandbox more time: what its caller spent waiting is not the steps' doing.
    pub fn excuse(&mut self, waited: Duration) {
        self.deadline += waited;
    }

    /// Whom staged files must belong to.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The state of every lock.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Ends the sandbox. When this returns, no process of it is left.
    pub fn finish(mut self) -> Report {
        self.processes.end();
        Report {
            enforcement: std::mem::take(&mut self.enforcement),
            peak_memory: self.watcher.peak_memory(),
        }
    }
}

/// The zygote and pid 1. Declared last in [`Sandbox`] but ended explicitly first; control groups
/// can only be removed when they are empty.
#[derive(Debug)]
struct Processes {
    zygote: Child,
    first: Option<OwnedFd>,
}

impl Processes {
    /// Starts a zygote. `Command` without hooks uses `vfork`: the runner's memory is not copied.
    fn spawn() -> Result<(UnixStream, Self), SandboxError> {
        let error = SandboxError::runner;
        let (socket, theirs) = UnixStream::pair().map_err(error("make a socket"))?;
        socket
            .set_read_timeout(Some(START_TIMEOUT))
            .map_err(error("set a timeout"))?;
        let zygote = std::process::Command::new("/proc/self/exe")
            .arg(zygote::ARGUMENT)
            .env_clear()
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(error("start /proc/self/exe"))?;
        let processes = Self {
            zygote,
            first: None,
        };
        Ok((socket, processes))
    }

    /// Kills pid 1, and with it every process of its namespace, and waits for all of them: the
    /// zygote ends when it has reaped pid 1, which the kernel allows only when the rest is gone.
    fn end(&mut self) {
        match self.first.take() {
            Some(first) => process::kill(&first),
            // There is no pid 1 yet, or it has not been announced and dies with its parent.
            None => drop(self.zygote.kill()),
        }
        // It fails only if the zygote has been waited for before.
        drop(self.zygote.wait());
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.end();
    }
}

struct Ready {
    enforcement: Enforcement,
    /// In the order of `Place::ALL`.
    places: [OwnedFd; 3],
    tables: Tables,
}

fn await_ready(
    socket: &UnixStream,
    plan: &Plan,
    processes: &mut Processes,
) -> Result<Ready, SandboxError> {
    const START: &str = "start";
    wire::send(socket, plan, &[]).map_err(SandboxError::runner("send the plan"))?;
    loop {
        let reply = wire::receive(socket).map_err(SandboxError::runner("hear from the sandbox"))?;
        match reply.ok_or(SandboxError::Gone(START))? {
            (Reply::Cloned, descriptors) => processes.first = descriptors.into_iter().next(),
            (Reply::Failed(failure), _) => return Err(failure.into()),
            (Reply::Ended(_), _) => return Err(SandboxError::Gone(START)),
            (Reply::Ready(enforcement), descriptors) => {
                let mut descriptors = descriptors.into_iter();
                let mut next = || descriptors.next().ok_or(SandboxError::Gone(START));
                let places = [next()?, next()?, next()?];
                let proc = next()?;
                let shared_memory = descriptors.next();
                // From now on the runner waits for as long as a step takes.
                socket
                    .set_read_timeout(None)
                    .map_err(SandboxError::runner("clear a timeout"))?;
                return Ok(Ready {
                    enforcement,
                    places,
                    tables: Tables {
                        proc,
                        shared_memory,
                    },
                });
            }
        }
    }
}

fn check(spec: &SandboxSpec, sources: &Sources) -> Result<(), SandboxError> {
    spec.check()?;
    for source in spec.sources() {
        let is_there = match source {
            Source::Toolchain => !sources.toolchain.as_os_str().is_empty(),
            Source::Tree(name) => sources.trees.contains_key(name),
        };
        if !is_there {
            return Err(SandboxError::NoSource(source.clone()));
        }
    }
    for operation in &spec.operations {
        if let Operation::Writable {
            place,
            medium: Medium::Disk,
            ..
        } = operation
            && !sources.disks.contains_key(place)
        {
            return Err(SandboxError::NoDisk(*place));
        }
    }
    Ok(())
}
