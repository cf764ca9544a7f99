//! The zygote: a process of the same program, small and with one thread.
//!
//! Between `clone` and `execve` a process with several threads may only make raw system calls,
//! since another thread could have held any lock. This one never has a second thread, so that
//! pid 1, its copy, is an ordinary program.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::sched::CloneFlags;
use nix::unistd::Pid;
use zwieback_core::supervision::Supervision;

use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::init::host::HostMounts;
use crate::init::pid_one;
use crate::kernel::{file, process};
use crate::owner::OwnerKind;
use crate::protocol::{Plan, Reply};
use crate::supervise::shift::Shift;
use crate::supervise::supervisor::Supervisor;
use crate::supervise::verdict::Verdict;
use crate::wire;

/// Everything a sandbox has of its own from its first instruction on. The time namespace is
/// not here: its offsets can only be set while nobody is in it.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWUSER
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWCGROUP);

/// Is the zygote until its sandbox has ended.
pub(crate) fn main(socket: UnixStream) -> ExitCode {
    match live(socket) {
        Ok(verdict) => verdict.exit_code(),
        Err((socket, failure)) => {
            // Nobody is left to tell when even this fails.
            drop(wire::send(&socket, &Reply::Failed(failure), &[]));
            ExitCode::FAILURE
        }
    }
}

fn live(socket: UnixStream) -> Result<Verdict, (UnixStream, Failure)> {
    let (pid, plan, shift, go) = match give_birth(&socket) {
        Ok(born) => born,
        Err(failure) => return Err((socket, failure)),
    };
    if let Err(failure) = map_ids(pid, &plan).at(Stage::Identity) {
        return Err((socket, failure));
    }
    // From here on the socket is pid 1's alone, so that its end is the sandbox's end.
    drop(socket);
    release(go, shift);
    // Without a shift nobody is traced, and all there is to see is the end of pid 1.
    Ok(Supervisor::new(pid.as_raw(), shift).watch())
}

fn give_birth(socket: &UnixStream) -> Result<(Pid, Plan, Option<Shift>, PipeWriter), Failure> {
    // Pid 1 inherits the name, and steps see it: the same wherever the zygote came from.
    process::set_name(c"zwieback").at(Stage::Plan)?;
    let plan = receive_plan(socket).at(Stage::Plan)?;
    for group in &plan.cgroups {
        file::write(group.join("cgroup.procs"), "0").at(Stage::Cgroup)?;
    }
    // Root's store may lie where the sandbox's user cannot go, so root opens it beforehand. An
    // ordinary user may only mount in the new namespace, and opens it there.
    let mounts = match plan.owner.kind {
        OwnerKind::Stranger => Some(HostMounts::open(&plan, plan.owner.uid, plan.owner.gid)?),
        OwnerKind::Caller => None,
    };
    let (wait, go) = std::io::pipe()
        .named(|| "pipe2()".to_owned())
        .at(Stage::Namespaces)?;
    // SAFETY: a zygote has one thread.
    match unsafe { process::clone_into(NAMESPACES) }.at(Stage::Namespaces)? {
        process::Cloned::Child => {
            drop(go);
            let shift = await_release(wait, &plan);
            pid_one::run(socket, &plan, mounts, shift)
        }
        process::Cloned::Parent { pid, pidfd } => {
            let (shift, supervision) = Shift::begin(pid, &plan.spec.machine);
            announce(socket, &pidfd, supervision).at(Stage::Namespaces)?;
            Ok((Pid::from_raw(pid), plan, shift, go))
        }
    }
}

fn receive_plan(socket: &UnixStream) -> Result<Plan, CallError> {
    let call = || "recvmsg(plan)".to_owned();
    match wire::receive(socket).named(call)? {
        Some((plan, _)) => Ok(plan),
        None => Err(CallError::new(nix::errno::Errno::EPIPE, call())),
    }
}

fn announce(
    socket: &UnixStream,
    pidfd: &OwnedFd,
    supervision: Supervision,
) -> Result<(), CallError> {
    let cloned = Reply::Cloned(supervision);
    wire::send(socket, &cloned, &[pidfd.as_fd()]).named(|| "sendmsg(pidfd)".to_owned())
}

/// Only a process outside may map an id other than its own (`user_namespaces(7)`).
fn map_ids(pid: Pid, plan: &Plan) -> Result<(), CallError> {
    let (identity, owner) = (&plan.spec.identity, &plan.owner);
    if owner.kind == OwnerKind::Caller {
        // CVE-2014-8989: without this, dropping a group could grant what the group is denied.
        file::write(format!("/proc/{pid}/setgroups"), "deny")?;
    }
    let (uids, gids) = (
        format!("{} {} 1", identity.uid, owner.uid),
        format!("{} {} 1", identity.gid, owner.gid),
    );
    file::write(format!("/proc/{pid}/gid_map"), &gids)?;
    file::write(format!("/proc/{pid}/uid_map"), &uids)
}

/// What pid 1 waits for: its ids are mapped, and it is traced or not.
const GO: u8 = b'!';
const GO_TRACED: u8 = b'?';

fn release(mut go: PipeWriter, shift: Option<Shift>) {
    // A pid 1 that is dead already is found by the wait that follows.
    drop(go.write_all(&[shift.map_or(GO, |_| GO_TRACED)]));
}

/// Waits for the id maps. The byte also proves that the parent was alive after the clone; when
/// it dies without it, so does this process. It tells the shift, too, if there is a tracer for
/// it: without one, a call that is to stop would fail.
fn await_release(mut wait: PipeReader, plan: &Plan) -> Option<Shift> {
    let mut byte = [0];
    if wait.read_exact(&mut byte).is_err() {
        std::process::abort();
    }
    (byte == [GO_TRACED]).then(|| Shift::of(&plan.spec.machine))
}
