//! One sandbox, from the runner's side.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use zwieback_core::enforcement::Enforcement;
use zwieback_core::name::Name;
use zwieback_core::sandbox_spec::operation::{Medium, Operation, Place, Source};
use zwieback_core::sandbox_spec::spec::SandboxSpec;
use zwieback_core::supervision::Supervision;
use zwieback_core::twin::sighting::Sighting;

use crate::canceller::Canceller;
use crate::cgroup::group::Groups;
use crate::error::SandboxError;
use crate::owner::Owner;
use crate::processes::{Processes, Zygote};
use crate::protocol::{Birth, Look, Plan, Reply};
use crate::supervise::verdict;
use crate::watch::processes::Tables;
use crate::watch::watcher::Watcher;
use crate::wire;

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

impl Sources {
    /// The same by paths that mean the same everywhere: a zygote may be older than the runner's
    /// working directory.
    fn absolute(mut self) -> Result<Self, SandboxError> {
        let further = self.trees.values_mut().chain(self.disks.values_mut());
        for path in further.chain([&mut self.toolchain]) {
            if path.is_relative() {
                *path = std::path::absolute(&path).map_err(SandboxError::runner("find a tree"))?;
            }
        }
        Ok(self)
    }
}

/// A running sandbox. It ends, with everything in it, at the latest when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) spec: SandboxSpec,
    pub(crate) socket: UnixStream,
    pub(crate) canceller: Canceller,
    pub(crate) watcher: Watcher,
    pub(crate) deadline: Instant,
    pub(crate) look: Look,
    pub(crate) sighting: Option<Sighting>,
    places: [OwnedFd; 3],
    owner: Owner,
    enforcement: Enforcement,
    supervision: Supervision,
    processes: Processes,
}

/// What is left to say about a sandbox that has ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// The state of every lock.
    pub enforcement: Enforcement,
    /// Whether the clock of every program was what it was to be.
    pub supervision: Supervision,
    /// What a step saw around it, if one was to look.
    pub sighting: Sighting,
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
        Self::start_in(Zygote::spawn()?, spec, sources, canceller)
    }

    /// As [`Self::start`], with a zygote that was spawned while there was other work to do.
    pub fn start_in(
        zygote: Zygote,
        spec: &SandboxSpec,
        sources: Sources,
        canceller: &Canceller,
    ) -> Result<Self, SandboxError> {
        check(spec, &sources)?;
        let Zygote {
            socket,
            mut processes,
        } = zygote;
        let owner = Owner::of_this_process().map_err(SandboxError::runner("read the id maps"))?;
        let mut enforcement = Enforcement::default();
        let groups = Groups::create(&spec.limits, &mut enforcement);
        let sources = sources.absolute()?;
        let birth = Birth {
            identity: spec.identity.clone(),
            machine: spec.machine.clone(),
            owner,
            cgroups: groups.directories(),
        };
        let plan = Plan {
            spec: spec.clone(),
            toolchain: sources.toolchain,
            trees: sources.trees,
            disks: sources.disks,
            owner,
        };
        let ready = await_ready(&socket, (&birth, &plan), &mut processes)?;
        enforcement.merge(ready.enforcement);
        if let Some(lock) = enforcement.missing() {
            return Err(SandboxError::Unlocked(lock));
        }
        let watcher = Watcher::new(spec, groups, ready.tables, &ready.places)?;
        Ok(Self {
            deadline: Instant::now() + Duration::from_secs(spec.limits.seconds),
            spec: plan.spec,
            canceller: canceller.clone(),
            look: Look::Nowhere,
            sighting: None,
            places: ready.places,
            socket,
            owner,
            enforcement,
            supervision: ready.supervision,
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

    /// Has the next step look around before it begins; [`Report::sighting`] tells what it saw.
    pub fn look_around(&mut self) {
        self.look = Look::Around;
    }

    /// Whom staged files must belong to.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The state of every lock.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Whether the supervisor could begin; what it came to is known at the end.
    pub fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// Ends the sandbox. When this returns, no process of it is left.
    pub fn finish(mut self) -> Report {
        let end = self.processes.end();
        Report {
            enforcement: std::mem::take(&mut self.enforcement),
            supervision: verdict::conclude(std::mem::take(&mut self.supervision), end),
            sighting: self.sighting.take().unwrap_or_default(),
            peak_memory: self.watcher.peak_memory(),
        }
    }

    /// Ends the sandbox for a caller that reads nothing of it afterwards. What steps have left was
    /// gone when the last of them ended; pid 1 is killed, and the kernel takes its namespaces down
    /// while the caller goes on.
    pub fn leave(mut self) {
        // Control groups have to be removed, and can only be when nobody is in them.
        if !self.watcher.uses_groups() {
            self.processes.abandon();
        }
    }
}

/// Control groups can only be removed when they are empty, so the processes go first.
impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ended = self.processes.end();
    }
}

struct Ready {
    enforcement: Enforcement,
    supervision: Supervision,
    /// In the order of `Place::ALL`.
    places: [OwnedFd; 3],
    tables: Tables,
}

fn await_ready(
    socket: &UnixStream,
    (birth, plan): (&Birth, &Plan),
    processes: &mut Processes,
) -> Result<Ready, SandboxError> {
    const START: &str = "start";
    wire::send(socket, birth, &[]).map_err(SandboxError::runner("announce a plan"))?;
    wire::send(socket, plan, &[]).map_err(SandboxError::runner("send the plan"))?;
    let mut supervision = Supervision::default();
    loop {
        let reply = wire::receive(socket).map_err(SandboxError::runner("hear from the sandbox"))?;
        match reply.ok_or(SandboxError::Gone(START))? {
            (Reply::Cloned(begun), descriptors) => {
                processes.adopt(descriptors);
                supervision = begun;
            }
            (Reply::Failed(failure), _) => return Err(failure.into()),
            (Reply::Saw(_) | Reply::Ended(_), _) => return Err(SandboxError::Gone(START)),
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
                    supervision,
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
