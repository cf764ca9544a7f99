//! The life of pid 1, from its first instruction to its last.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use zwieback_core::enforcement::{Enforcement, Lock, LockState};
use zwieback_core::manifest::recipe::Tracing;
use zwieback_core::sandbox_spec::operation::{Medium, Operation};
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use super::fixtures::Fixtures;
use super::furnish::Supplies;
use super::host::{HostMounts, Rooms};
use super::start::Start;
use super::{landlock, limits, machine, privileges, root, serve};
use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::{filter, process};
use crate::protocol::{Plan, Reply};
use crate::seccomp::{program, ranges};
use crate::supervise::shift::Shift;
use crate::wire;

/// Whose death ends pid 1, besides the end of the socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bond {
    /// The runner's. The kernel would count the death of the thread that started it.
    Runner,
    /// The zygote's, which looks after it.
    Zygote,
}

/// Lives as pid 1. Root's mounts were opened before; an ordinary user's are opened here.
pub(crate) fn run(
    socket: &UnixStream,
    start: Result<Start, Failure>,
    plan: &Plan,
    mounts: Option<HostMounts>,
    bond: Bond,
    shift: Option<Shift>,
) -> ! {
    let settled = start.and_then(|start| settle(start, plan, mounts, bond));
    let result = settled.and_then(|settled| {
        settled.report(socket)?;
        // The runner says so to its user. It may have asked for a step by now.
        if settled.enforcement.missing().is_some() {
            return Ok(());
        }
        drop(settled);
        serve::serve(socket, shift)
    });
    if let Err(failure) = result {
        // Nobody is left to tell when even this fails.
        drop(wire::send(socket, &Reply::Failed(failure), &[]));
    }
    process::exit_now()
}

/// A furnished and locked sandbox.
struct Settled {
    enforcement: Enforcement,
    /// The places in the order of `Place::ALL`, then `/proc`, then the list of shared memory.
    descriptors: Vec<OwnedFd>,
}

/// The locks in their order. What needs a right comes before the right is dropped; seccomp is
/// last, since it forbids most of what comes before.
fn settle(
    start: Start,
    plan: &Plan,
    mounts: Option<HostMounts>,
    bond: Bond,
) -> Result<Settled, Failure> {
    let spec = &plan.spec;
    let mut enforcement = plan.enforcement.clone();
    bond.tie().at(Stage::Namespaces)?;
    machine::hide_groups().at(Stage::Namespaces)?;
    let Start {
        progress,
        mut rooms,
    } = start;
    let mut mounts = match mounts {
        Some(mounts) => mounts,
        None => HostMounts::open(plan, (spec.identity.uid, spec.identity.gid), &mut rooms)?,
    };
    record_root(&mut enforcement, mounts.unowned.take());
    machine::enter_clocks(&spec.machine, &mut enforcement).at(Stage::Machine)?;
    let mut fixtures = progress.fit(&spec.identity, &plan.owner)?;
    // prctl(2): changing the user clears it.
    bond.tie().at(Stage::Namespaces)?;
    let descriptors = move_in(spec, mounts, &mut rooms, &mut fixtures)?;
    machine::name(spec).at(Stage::Machine)?;
    machine::own_keyring(&mut enforcement);
    limits::apply(spec).at(Stage::Limits)?;
    record_namespaces(&mut enforcement, plan);
    privileges::drop_all(&mut enforcement).at(Stage::Privileges)?;
    landlock::restrict(spec, &mut enforcement)?;
    process::make_undumpable().at(Stage::Privileges)?;
    let tracing = spec.machine.tracing;
    filter::install(program::program(tracing).instructions()).at(Stage::Seccomp)?;
    record_filter(&mut enforcement, tracing);
    Ok(Settled {
        enforcement,
        descriptors,
    })
}

/// Goes from the host's root to a furnished one. What the runner is to see of it is returned.
fn move_in(
    spec: &SandboxSpec,
    mounts: HostMounts,
    rooms: &mut Rooms,
    fixtures: &mut Fixtures,
) -> Result<Vec<OwnedFd>, Failure> {
    fixtures.hide_the_rest().at(Stage::Proc)?;
    root::settings(spec, fixtures.proc()).at(Stage::Proc)?;
    let mut descriptors = mounts.place_directories()?;
    descriptors.push(fixtures.proc_directory()?);
    descriptors.extend(fixtures.shared_memory()?);
    let supplies = Supplies::gather(spec, mounts, rooms, &fixtures.bench)?;
    root::change(supplies.root()?, fixtures)?;
    supplies.furnish(spec)?;
    Ok(descriptors)
}

impl Bond {
    fn tie(self) -> Result<(), CallError> {
        match self {
            Self::Runner => Ok(()),
            Self::Zygote => process::die_with_parent(),
        }
    }
}

impl Settled {
    fn report(&self, socket: &UnixStream) -> Result<(), Failure> {
        let descriptors: Vec<BorrowedFd<'_>> =
            self.descriptors.iter().map(OwnedFd::as_fd).collect();
        let ready = Reply::Ready(self.enforcement.clone());
        wire::send(socket, &ready, &descriptors)
            .named(|| "sendmsg(ready)".to_owned())
            .at(Stage::Step)
    }
}

/// What the clone and the mounts have done; each would have failed otherwise.
fn record_namespaces(enforcement: &mut Enforcement, plan: &Plan) {
    for lock in Lock::NAMESPACES {
        if lock != Lock::TimeNamespace {
            enforcement.record(lock, LockState::Enforced, "private");
        }
    }
    let ids = format!("uid {} outside", plan.owner.uid);
    enforcement.record(Lock::UserNamespace, LockState::Enforced, ids);
    enforcement.record(Lock::NetworkNamespace, LockState::Enforced, "loopback only");
    let hidden = "host facts hidden, settings read-only";
    enforcement.record(Lock::MaskedProc, LockState::Enforced, hidden);
    let on_disk = plan.spec.operations.iter().any(|operation| {
        matches!(
            operation,
            Operation::Writable {
                medium: Medium::Disk,
                ..
            }
        )
    });
    let (state, detail) = if on_disk {
        (LockState::Partial, "the runner measures what is on disk")
    } else {
        (LockState::Enforced, "each place is a tmpfs of fixed size")
    };
    enforcement.record(Lock::DiskLimit, state, detail);
}

fn record_filter(enforcement: &mut Enforcement, tracing: Tracing) {
    let restricted = ranges::RESTRICTED;
    let (state, detail) = match tracing {
        Tracing::Refused => (
            LockState::Enforced,
            format!("{restricted} system calls restricted"),
        ),
        Tracing::Needed => (
            LockState::Partial,
            format!("{restricted} system calls restricted, but for tracing, which a step needs"),
        ),
    };
    enforcement.record(Lock::Seccomp, state, detail);
}

/// A root whose files belong to nobody inside is as good a lock, but two machines may see it.
fn record_root(enforcement: &mut Enforcement, unowned: Option<CallError>) {
    let bound = "toolchain bound read-only, nosuid, nodev";
    let detail = match unowned {
        None => bound.to_owned(),
        Some(error) => format!("{bound}; its owners are not mapped: {error}"),
    };
    enforcement.record(Lock::ReadOnlyRoot, LockState::Enforced, detail);
}
