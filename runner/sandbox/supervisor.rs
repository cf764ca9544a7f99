//! The supervisor of a sandbox: the parent of its pid 1, from its first moment to its last.
//!
//! It stays outside of every namespace: it opens what only the caller may open, maps the ids of pid 1,
//! traces it where the spec asks for that, and ends after it.

use std::ffi::CStr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sched::CloneFlags;
use zwieback_model::supervision::Supervision;

use crate::call::{Attempt as _, CallError};
use crate::cgroup::group::Entrance;
use crate::error::{At as _, Failure, Stage};
use crate::init::host::{self, HostMounts, Shown};
use crate::init::pid_one;
use crate::kernel::process::{self, Cloned};
use crate::owner::OwnerKind;
use crate::protocol::{Admission, Plan, Report};
use crate::supervise::shift::Shift;
use crate::supervise::tracer::Tracer;
use crate::{id_maps, wire};

/// What only a new process can have. Pid 1 makes the others.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWUSER.union(CloneFlags::CLONE_NEWPID);

/// What the supervisor and pid 1 are called. Steps see the second.
const NAME: &CStr = c"zwieback";

/// Is the supervisor. It speaks to the runner through `control`; `socket` is for pid 1, which enters the
/// groups.
pub(crate) fn main(control: UnixStream, socket: UnixStream, groups: &[Entrance]) -> ! {
    match FirstProcess::clone_from(control, socket, groups) {
        Ok(first) => first.look_after(groups),
        Err((control, failure)) => report(&control, &Report::Failed(failure)),
    }
    process::exit_now()
}

/// A pid 1, which makes its namespaces while the runner still makes the plan.
struct FirstProcess {
    pid: i32,
    pidfd: OwnedFd,
    control: UnixStream,
    /// To pid 1, which waits for its admission. The end of this tells it that this process is gone.
    door: UnixStream,
}

impl FirstProcess {
    /// Clones it. The socket is its alone from here on, so that the end of one is the end of the other.
    fn clone_from(
        control: UnixStream,
        socket: UnixStream,
        groups: &[Entrance],
    ) -> Result<Self, (UnixStream, Failure)> {
        let cloned = prepare().and_then(|(door, theirs)| {
            // SAFETY: a supervisor has one thread.
            let cloned = unsafe { process::clone_into(NAMESPACES) }.at(Stage::Namespaces)?;
            Ok((cloned, door, theirs))
        });
        match cloned {
            Ok((Cloned::Child, door, theirs)) => {
                drop((control, door));
                pid_one::main(&socket, &theirs, groups)
            }
            Ok((Cloned::Parent { pid, pidfd }, door, _)) => {
                drop(socket);
                Ok(Self {
                    pid,
                    pidfd,
                    control,
                    door,
                })
            }
            Err(failure) => Err((control, failure)),
        }
    }

    /// Waits for the plan, admits pid 1 to its sandbox, and stays until it has ended and the runner has
    /// let go of it.
    fn look_after(self, groups: &[Entrance]) {
        let shown = Shown::prepare();
        let plan = self.await_plan().at(Stage::Plan);
        match plan.and_then(|plan| self.admit(plan, shown)) {
            Ok(tracer) => report(&self.control, &Report::Ended(tracer.watch())),
            Err(failure) => report(&self.control, &Report::Failed(failure)),
        }
        // A pid 1 that still waits there ends now.
        drop(self.door);
        // The runner still reads what the groups have counted.
        let _let_go = wire::receive::<()>(&self.control);
        groups.iter().for_each(Entrance::remove_group);
    }

    /// Gives it a tracer, ids, and the plan with what is open already.
    fn admit(&self, plan: Plan, shown: Option<Shown>) -> Result<Tracer, Failure> {
        let (shift, supervision) = Shift::begin(self.pid, &plan.spec.machine);
        self.announce(supervision).at(Stage::Namespaces)?;
        id_maps::write(self.pid, &plan.spec.identity, &plan.owner).at(Stage::Identity)?;
        let opened = open_for_stranger(&plan, shown)?;
        let admission = Admission {
            plan,
            is_traced: shift.is_some(),
            opened: opened.as_ref().map(|opened| opened.seen().clone()),
        };
        let descriptors: Vec<BorrowedFd<'_>> =
            opened.iter().flat_map(HostMounts::descriptors).collect();
        // A pid 1 that is dead already is found by the wait that follows.
        wire::tell(&self.door, &admission, &descriptors)
            .named(|| "sendmsg(admission)".to_owned())
            .at(Stage::Plan)?;
        Ok(Tracer::new(self.pid, shift.unwrap_or_default()))
    }

    fn await_plan(&self) -> Result<Plan, CallError> {
        let call = || "recvmsg(plan)".to_owned();
        let plan = wire::receive::<Plan>(&self.control).named(call)?;
        let gone = || CallError::new(Errno::EPIPE, call());
        plan.map(|(plan, _)| plan).ok_or_else(gone)
    }

    fn announce(&self, supervision: Supervision) -> Result<(), CallError> {
        let cloned = Report::Cloned(supervision);
        wire::send(&self.control, &cloned, &[self.pidfd.as_fd()])
            .named(|| "sendmsg(pidfd)".to_owned())
    }
}

/// A runner that is gone needs no report.
fn report(control: &UnixStream, report: &Report) {
    drop(wire::tell(control, report, &[]));
}

/// Has this process be like any other that was just started, and makes the two ends of a door.
fn prepare() -> Result<(UnixStream, UnixStream), Failure> {
    process::reset_signals().at(Stage::Plan)?;
    process::set_name(NAME).at(Stage::Plan)?;
    let pair = UnixStream::pair().named(|| "socketpair()".to_owned());
    pair.at(Stage::Namespaces)
}

/// Root's store may lie where the sandbox's user cannot go, so root opens it out here. An ordinary
/// user may only mount in the new namespace, and opens it there.
fn open_for_stranger(plan: &Plan, shown: Option<Shown>) -> Result<Option<HostMounts>, Failure> {
    if plan.owner.kind == OwnerKind::Caller {
        return Ok(None);
    }
    host::give_disks(plan)?;
    match HostMounts::open(plan, shown.unwrap_or_else(|| Shown::to(plan.owner.ids()))) {
        // The root of a container may not mount out here, but inside it may.
        Err(failure) if failure.call.errno() == Errno::EPERM => Ok(None),
        opened => opened.map(Some),
    }
}
