//! A sandbox on its way: it has its plan, and furnishes and locks itself.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use zwieback_core::enforcement::Enforcement;
use zwieback_core::sandbox_spec::operation::{Medium, Operation, Source};
use zwieback_core::sandbox_spec::spec::SandboxSpec;
use zwieback_core::supervision::Supervision;

use crate::canceller::Canceller;
use crate::cgroup::group::Groups;
use crate::error::SandboxError;
use crate::owner::Owner;
use crate::processes::{Processes, Waiting};
use crate::protocol::{Birth, Look, Plan, Reply, Request, StepPlan, Streams};
use crate::run::Turn;
use crate::sandbox::{Sandbox, Sources};
use crate::step::{Command, StepOutcome};
use crate::watch::processes::Tables;
use crate::watch::watcher::Watcher;
use crate::wire;

/// A sandbox that is not ready yet. It ends when this is dropped.
///
/// Its first step may be asked for already. Pid 1 starts none before every lock is in place, and
/// it goes on without waiting for the runner to hear that they are.
#[derive(Debug)]
pub struct Starting {
    spec: SandboxSpec,
    socket: UnixStream,
    canceller: Canceller,
    owner: Owner,
    /// Before the groups: one can only be removed when nobody is in it.
    processes: Processes,
    groups: Groups,
}

impl Sandbox {
    /// Starts a sandbox, furnished and locked, in which nothing runs yet.
    pub fn start(
        spec: &SandboxSpec,
        sources: Sources,
        canceller: &Canceller,
    ) -> Result<Self, SandboxError> {
        Starting::begin(None, spec, sources, canceller)?.ready()
    }
}

impl Starting {
    /// Hands a plan to the process that was spawned for it, or to another.
    pub fn begin(
        spawned: Option<Waiting>,
        spec: &SandboxSpec,
        sources: Sources,
        canceller: &Canceller,
    ) -> Result<Self, SandboxError> {
        check(spec, &sources)?;
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
            enforcement,
        };
        let Waiting { socket, processes } = Waiting::raise(spawned, &birth)?;
        wire::tell(&socket, &plan, &[]).map_err(SandboxError::runner("send the plan"))?;
        Ok(Self {
            spec: plan.spec,
            socket,
            canceller: canceller.clone(),
            owner,
            processes,
            groups,
        })
    }

    /// Waits until it is furnished and locked.
    pub fn ready(self) -> Result<Sandbox, SandboxError> {
        let Self {
            spec,
            socket,
            canceller,
            owner,
            groups,
            mut processes,
        } = self;
        let ready = await_ready(&socket, &mut processes)?;
        let copies = ready.places.iter().map(OwnedFd::try_clone);
        // Before the groups go to where they would be removed: somebody is in them.
        let copies = copies.collect::<io::Result<Vec<_>>>();
        let copies = copies.map_err(SandboxError::runner("keep a place open"))?;
        if let Some(lock) = ready.enforcement.missing() {
            return Err(SandboxError::Unlocked(lock));
        }
        Ok(Sandbox {
            deadline: Instant::now() + Duration::from_secs(spec.limits.seconds),
            watcher: Watcher::new(&spec, groups, ready.tables, copies),
            look: Look::Nowhere,
            sighting: None,
            places: ready.places,
            enforcement: ready.enforcement,
            supervision: ready.supervision,
            spec,
            socket,
            canceller,
            owner,
            processes,
        })
    }

    /// Runs a first step that finds nothing staged, to its end; see [`Sandbox::run`].
    pub fn run(
        self,
        command: &Command,
        on_output: &mut dyn FnMut(&[u8]),
    ) -> Result<(Sandbox, StepOutcome), SandboxError> {
        let (output, theirs) =
            io::pipe().map_err(SandboxError::runner("make a pipe for the output"))?;
        self.ask(command, Streams::Captured, &[theirs.as_fd()])?;
        drop(theirs);
        let mut sandbox = self.ready()?;
        let outcome = Turn::new(&mut sandbox, Some(output), on_output).finish()?;
        Ok((sandbox, outcome))
    }

    /// Asks pid 1 for a first step with these streams.
    pub(crate) fn ask(
        &self,
        command: &Command,
        streams: Streams,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), SandboxError> {
        let run = Request::Run(StepPlan::new(&self.spec, command, streams, Look::Nowhere));
        wire::tell(&self.socket, &run, descriptors).map_err(SandboxError::runner("ask for a step"))
    }
}

struct Ready {
    enforcement: Enforcement,
    supervision: Supervision,
    /// In the order of `Place::ALL`.
    places: [OwnedFd; 3],
    tables: Tables,
}

fn await_ready(socket: &UnixStream, processes: &mut Processes) -> Result<Ready, SandboxError> {
    const START: &str = "start";
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
