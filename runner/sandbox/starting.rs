//! A sandbox on its way: it has its plan, and makes its mounts and locks.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use zwieback_model::enforcement::Enforcement;
use zwieback_model::sandbox_spec::operation::{Medium, Operation, Source};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::supervision::Supervision;

use crate::canceller::Canceller;
use crate::error::SandboxError;
use crate::fork_server::ForkServer;
use crate::handle::SupervisorHandle;
use crate::owner::Owner;
use crate::protocol::{Look, Plan, Reply, Request, StepPlan, Streams};
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
    canceller: Canceller,
    pub(crate) owner: Owner,
    supervisor: SupervisorHandle,
}

impl Sandbox {
    /// Starts a sandbox in which every lock holds and nothing runs yet.
    pub fn start(
        server: &Arc<ForkServer>,
        spec: &SandboxSpec,
        sources: Sources,
        canceller: &Canceller,
    ) -> Result<Self, SandboxError> {
        Starting::begin(SupervisorHandle::start(server)?, spec, sources, canceller)?.ready()
    }
}

impl Starting {
    /// Gives a supervisor its plan.
    pub fn begin(
        mut supervisor: SupervisorHandle,
        spec: &SandboxSpec,
        sources: Sources,
        canceller: &Canceller,
    ) -> Result<Self, SandboxError> {
        check(spec, &sources)?;
        let owner = Owner::of_this_process().map_err(SandboxError::runner("read the id maps"))?;
        let mut enforcement = Enforcement::default();
        supervisor.groups.limit(&spec.limits, &mut enforcement);
        let sources = sources.absolute()?;
        let plan = Plan {
            spec: spec.clone(),
            toolchain: sources.toolchain,
            empty: sources.empty,
            trees: sources.trees,
            disks: sources.disks,
            owner,
            enforcement,
        };
        supervisor.tell(&plan)?;
        Ok(Self {
            spec: plan.spec,
            canceller: canceller.clone(),
            owner,
            supervisor,
        })
    }

    /// Waits until every mount and every lock is in place.
    pub fn ready(self) -> Result<Sandbox, SandboxError> {
        let Self {
            spec,
            canceller,
            owner,
            mut supervisor,
        } = self;
        let ready = await_ready(&mut supervisor)?;
        let copies = ready.places.iter().map(OwnedFd::try_clone);
        let copies = copies.collect::<io::Result<Vec<_>>>();
        let copies = copies.map_err(SandboxError::runner("keep a place open"))?;
        if let Some(lock) = ready.enforcement.missing() {
            return Err(SandboxError::Unlocked(lock));
        }
        let groups = std::mem::take(&mut supervisor.groups);
        Ok(Sandbox {
            deadline: Instant::now() + Duration::from_secs(spec.limits.seconds),
            watcher: Watcher::new(&spec, groups, ready.tables, copies),
            look: Look::Nowhere,
            sighting: None,
            places: ready.places,
            enforcement: ready.enforcement,
            supervision: ready.supervision,
            spec,
            canceller,
            owner,
            supervisor,
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
        self.owner.give(&theirs)?;
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
        wire::tell(&self.supervisor.socket, &run, descriptors)
            .map_err(SandboxError::runner("ask for a step"))
    }
}

struct Ready {
    enforcement: Enforcement,
    supervision: Supervision,
    /// In the order of `Place::ALL`.
    places: [OwnedFd; 3],
    tables: Tables,
}

fn await_ready(supervisor: &mut SupervisorHandle) -> Result<Ready, SandboxError> {
    let supervision = supervisor.await_pid_one()?;
    let reply = wire::receive(&supervisor.socket);
    let reply = reply.map_err(SandboxError::runner("hear from the sandbox"))?;
    let Some((reply, descriptors)) = reply else {
        return Err(supervisor.why_gone());
    };
    let enforcement = match reply {
        Reply::Ready(enforcement) => enforcement,
        Reply::Failed(failure) => return Err(failure.into()),
        Reply::Saw(_) | Reply::Ended(_) => return Err(SandboxError::Gone("start")),
    };
    let mut descriptors = descriptors.into_iter();
    let mut next = || descriptors.next().ok_or(SandboxError::Gone("start"));
    let places = [next()?, next()?, next()?];
    let proc = next()?;
    let shared_memory = descriptors.next();
    // From now on the runner waits for as long as a step takes.
    supervisor.wait_for_ever()?;
    Ok(Ready {
        enforcement,
        supervision,
        places,
        tables: Tables {
            proc,
            shared_memory,
        },
    })
}

fn check(spec: &SandboxSpec, sources: &Sources) -> Result<(), SandboxError> {
    spec.check()?;
    if sources.empty.as_os_str().is_empty() {
        return Err(SandboxError::NoEmpty);
    }
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
