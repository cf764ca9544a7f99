//! The zygote: a process of the same program, small and with one thread.
//!
//! Between `clone` and `execve` a process with several threads may only make raw system calls,
//! since another thread could have held any lock. This one never has a second thread, so that
//! pid 1, its copy, is an ordinary program.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sched::CloneFlags;
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
/// not here: its offsets can only be set while nobody is in it. Nor is that of control groups: its
/// root is the group of who makes it, and pid 1 may get to its group later.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWUSER
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS);

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
    let (pid, shift) = match give_birth(&socket) {
        Ok(born) => born,
        Err(failure) => return Err((socket, failure)),
    };
    // From here on the socket is pid 1's alone, so that its end is the sandbox's end.
    drop(socket);
    // Without a shift nobody is traced, and all there is to see is the end of pid 1.
    Ok(Supervisor::new(pid, shift).watch())
}

fn give_birth(socket: &UnixStream) -> Result<(i32, Option<Shift>), Failure> {
    // Pid 1 inherits the name, and steps see it: the same wherever the zygote came from.
    process::set_name(c"zwieback").at(Stage::Plan)?;
    // An ordinary user's namespaces are the same whatever the plan, and to make them takes as long
    // as the runner takes to plan.
    let early = (!nix::unistd::geteuid().is_root()).then(|| Newborn::clone_from(socket, None));
    let (text, plan) = receive_plan(socket).at(Stage::Plan)?;
    for group in &plan.cgroups {
        file::write(group.join("cgroup.procs"), "0").at(Stage::Cgroup)?;
    }
    let (newborn, text) = match early {
        Some(newborn) => (newborn?, text),
        // Pid 1 has the plan in its memory.
        None => (Newborn::with_plan(socket, &plan)?, Vec::new()),
    };
    newborn.raise(socket, &plan, &text)
}

/// A pid 1 that has its namespaces and waits for everything else.
struct Newborn {
    pid: i32,
    pidfd: OwnedFd,
    go: PipeWriter,
    is_early: bool,
}

impl Newborn {
    /// Root's store may lie where the sandbox's user cannot go, so root opens it beforehand. An
    /// ordinary user may only mount in the new namespace, and opens it there.
    fn with_plan(socket: &UnixStream, plan: &Plan) -> Result<Self, Failure> {
        let mounts = match plan.owner.kind {
            OwnerKind::Stranger => {
                match HostMounts::open(plan, plan.owner.uid, plan.owner.gid) {
                    // The root of a container may not mount out here, but inside it may.
                    Err(failure) if failure.call.errno() == Errno::EPERM => None,
                    opened => Some(opened?),
                }
            }
            OwnerKind::Caller => None,
        };
        Self::clone_from(socket, Some((plan, mounts)))
    }

    fn clone_from(
        socket: &UnixStream,
        known: Option<(&Plan, Option<HostMounts>)>,
    ) -> Result<Self, Failure> {
        let is_early = known.is_none();
        let pipe = std::io::pipe().named(|| "pipe2()".to_owned());
        let (wait, go) = pipe.at(Stage::Namespaces)?;
        // SAFETY: a zygote has one thread.
        match unsafe { process::clone_into(NAMESPACES) }.at(Stage::Namespaces)? {
            process::Cloned::Child => {
                drop(go);
                wake(socket, &await_word(wait), known)
            }
            process::Cloned::Parent { pid, pidfd } => Ok(Self {
                pid,
                pidfd,
                go,
                is_early,
            }),
        }
    }

    /// Gives it limits, a tracer, ids, and the plan if it has none.
    fn raise(
        self,
        socket: &UnixStream,
        plan: &Plan,
        text: &[u8],
    ) -> Result<(i32, Option<Shift>), Failure> {
        if self.is_early {
            // It was born outside the groups that this process is in by now.
            for group in &plan.cgroups {
                let pid = self.pid.to_string();
                file::write(group.join("cgroup.procs"), &pid).at(Stage::Cgroup)?;
            }
        }
        let (shift, supervision) = Shift::begin(self.pid, &plan.spec.machine);
        announce(socket, &self.pidfd, supervision).at(Stage::Namespaces)?;
        map_ids(self.pid, plan).at(Stage::Identity)?;
        let mut go = self.go;
        let word = [&[shift.map_or(GO, |_| GO_TRACED)], text].concat();
        // A pid 1 that is dead already is found by the wait that follows.
        drop(go.write_all(&word));
        Ok((self.pid, shift))
    }
}

fn receive_plan(socket: &UnixStream) -> Result<(Vec<u8>, Plan), CallError> {
    let call = || "recvmsg(plan)".to_owned();
    let Some((text, _)) = wire::receive_text(socket).named(call)? else {
        return Err(CallError::new(Errno::EPIPE, call()));
    };
    let plan = serde_json::from_slice(&text).map_err(std::io::Error::from);
    plan.named(call).map(|plan| (text, plan))
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
fn map_ids(pid: i32, plan: &Plan) -> Result<(), CallError> {
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
    // A map is written once. Nobody needs a right for this one, so that a step could write it.
    match file::write(format!("/proc/{pid}/projid_map"), "0 0 1") {
        // A kernel without quotas has none, and in a container there may be nothing to map to,
        // for a step as well.
        Err(error) if [Errno::ENOENT, Errno::EPERM].contains(&error.errno()) => {}
        other => other?,
    }
    file::write(format!("/proc/{pid}/uid_map"), &uids)
}

/// What pid 1 waits for: its ids are mapped, and it is traced or not.
const GO: u8 = b'!';
const GO_TRACED: u8 = b'?';

/// Begins the life of pid 1.
fn wake(socket: &UnixStream, word: &[u8], known: Option<(&Plan, Option<HostMounts>)>) -> ! {
    let shift = |plan: &Plan| (word[0] == GO_TRACED).then(|| Shift::of(&plan.spec.machine));
    if let Some((plan, mounts)) = known {
        pid_one::run(socket, plan, mounts, shift(plan));
    }
    let plan = told(&word[1..]);
    pid_one::run(socket, &plan, None, shift(&plan))
}

/// Waits for the id maps. The word also proves that the parent was alive after the clone; when
/// it dies without it, so does this process. It tells, too, if there is a tracer: without one, a
/// call that is to stop would fail.
fn await_word(mut wait: PipeReader) -> Vec<u8> {
    let mut word = Vec::new();
    match wait.read_to_end(&mut word) {
        Ok(1..) => word,
        _ => std::process::abort(),
    }
}

/// The plan as its parent has just read it.
fn told(text: &[u8]) -> Plan {
    // Half of it is all there is when the parent died meanwhile.
    serde_json::from_slice(text).unwrap_or_else(|_| std::process::abort())
}
