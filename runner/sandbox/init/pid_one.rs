//! The life of pid 1, from its first instruction to its last.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};
use zwieback_model::enforcement::{Enforcement, Lock, LockState};
use zwieback_model::sandbox_spec::identity::Identity;
use zwieback_model::sandbox_spec::operation::{Medium, Operation};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::tracing::Tracing;

use super::base_mounts::{self, BaseMounts};
use super::host::{HostMounts, Shown};
use super::mounts::Mounts;
use super::{landlock, limits, machine, privileges, root, serve};
use crate::call::{Attempt as _, CallError};
use crate::cgroup::group::Entrance;
use crate::error::{At as _, Failure, Stage};
use crate::kernel::user_ids::Ids;
use crate::kernel::{filter, mount, network, process};
use crate::protocol::{Admission, Plan, Reply};
use crate::seccomp::{program, ranges};
use crate::supervise::shift::Shift;
use crate::wire;

/// What a sandbox has of its own besides its users and processes. The time namespace is not here:
/// its offsets can only be set while nobody is in it. That of control groups has the group of who makes
/// it as its root.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWCGROUP)
    .union(CloneFlags::CLONE_NEWUTS);

/// Is pid 1. It speaks to the runner through `socket`, and is let in by its supervisor through `door`.
pub(crate) fn main(socket: &UnixStream, door: &UnixStream, groups: &[Entrance]) -> ! {
    let begun = begin(groups);
    // Half of it, or nothing, is all there is when the supervisor has died or given up.
    let Ok(Some((admission, opened))) = wire::receive::<Admission>(door) else {
        process::exit_now()
    };
    let settled = begun.and_then(|proc| settle(proc, &admission, opened, door));
    let result = settled.and_then(|settled| {
        settled.report(socket)?;
        // The runner says so to its user. It may have asked for a step by now.
        if settled.enforcement.missing().is_some() {
            return Ok(());
        }
        drop(settled);
        let machine = &admission.plan.spec.machine;
        serve::serve(socket, admission.is_traced.then(|| Shift::of(machine)))
    });
    if let Err(failure) = result {
        // Nobody is left to tell when even this fails.
        drop(wire::send(socket, &Reply::Failed(failure), &[]));
    }
    process::exit_now()
}

/// What pid 1 does before there is a plan and before any id is mapped: it enters its groups, and makes
/// its namespaces and a process table of them.
fn begin(groups: &[Entrance]) -> Result<OwnedFd, Failure> {
    process::die_with_parent().at(Stage::Namespaces)?;
    groups
        .iter()
        .try_for_each(Entrance::enter)
        .at(Stage::Cgroup)?;
    unshare(NAMESPACES)
        .named(|| format!("unshare({NAMESPACES:?})"))
        .at(Stage::Namespaces)?;
    privileges::bound().at(Stage::Privileges)?;
    // What is made from here on has the mode it is made with, whatever the caller's habits.
    umask(Mode::empty());
    mount::make_private().at(Stage::Root)?;
    network::loopback_up().at(Stage::Network)?;
    base_mounts::process_table().at(Stage::Proc)
}

/// A sandbox whose mounts and locks are in place.
struct Settled {
    enforcement: Enforcement,
    /// The places in the order of `Place::ALL`, then `/proc`, then the list of shared memory.
    descriptors: Vec<OwnedFd>,
}

/// The locks in their order. What needs a right comes before the right is dropped; seccomp is
/// last, since it forbids most of what comes before.
fn settle(
    proc: OwnedFd,
    admission: &Admission,
    opened: Vec<OwnedFd>,
    door: &UnixStream,
) -> Result<Settled, Failure> {
    let plan = &admission.plan;
    let spec = &plan.spec;
    let mut enforcement = plan.enforcement.clone();
    let host = if let Some(seen) = &admission.opened {
        HostMounts::received(opened, seen.clone())?
    } else {
        let Identity { uid, gid, .. } = spec.identity;
        HostMounts::open(plan, Shown::to(Ids { uid, gid }))?
    };
    record_root(&mut enforcement, host.seen().unowned.as_ref());
    machine::enter_clocks(&spec.machine, &mut enforcement).at(Stage::Machine)?;
    privileges::become_inside_user(&spec.identity, &plan.owner).at(Stage::Identity)?;
    stay_with_supervisor(door).at(Stage::Namespaces)?;
    let base = BaseMounts::make(proc, host.devices())?;
    let descriptors = move_in(spec, &base, host, &mut enforcement)?;
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

/// Asks once more to be killed with the supervisor: changing the user has cleared that (`prctl(2)`).
/// One that died in between has closed the door.
fn stay_with_supervisor(door: &UnixStream) -> Result<(), CallError> {
    process::die_with_parent()?;
    let mut event = [PollFd::new(door.as_fd(), PollFlags::POLLIN)];
    match poll(&mut event, PollTimeout::ZERO) {
        Ok(0) | Err(Errno::EINTR) => Ok(()),
        Ok(_) => process::exit_now(),
        Err(errno) => Err(CallError::new(errno, "poll(door)")),
    }
}

/// Goes from the host's root to the sandbox's own. What the runner is to see of it is returned.
fn move_in(
    spec: &SandboxSpec,
    base: &BaseMounts,
    host: HostMounts,
    enforcement: &mut Enforcement,
) -> Result<Vec<OwnedFd>, Failure> {
    root::settings(spec, base.proc()).at(Stage::Proc)?;
    let host_devices = host.seen().host_devices.clone();
    let mounts = Mounts::gather(spec, host, base)?;
    record_inodes(enforcement, mounts.shared(), host_devices.as_ref());
    let mut descriptors = mounts.place_directories()?;
    descriptors.push(base.proc_directory()?);
    descriptors.extend(base.shared_memory()?);
    root::change(mounts.root()?, base)?;
    mounts.attach_all(spec)?;
    root::make_home(spec).at(Stage::Furnish)?;
    Ok(descriptors)
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

/// Without inodes of its own a sandbox is no less locked, but can signal to one beside it.
fn record_inodes(
    enforcement: &mut Enforcement,
    shared: Option<&CallError>,
    host_devices: Option<&CallError>,
) {
    if let Some(error) = shared {
        return enforcement.record_shared_inodes(error);
    }
    let (state, devices) = match host_devices {
        None => (LockState::Enforced, "device files of its own".to_owned()),
        Some(error) => (
            LockState::Partial,
            format!("device files are the host's: {error}"),
        ),
    };
    let detail = format!("toolchain through an overlay, {devices}");
    enforcement.record(Lock::PrivateInodes, state, detail);
}

/// A root whose files belong to nobody inside is as good a lock, but two machines may see it.
fn record_root(enforcement: &mut Enforcement, unowned: Option<&CallError>) {
    let bound = "toolchain bound read-only, nosuid, nodev";
    let detail = match unowned {
        None => bound.to_owned(),
        Some(error) => format!("{bound}; its owners are not mapped: {error}"),
    };
    enforcement.record(Lock::ReadOnlyRoot, LockState::Enforced, detail);
}
