//! The zygote: a process of the same program, small and with one thread.
//!
//! Between `clone` and `execve` a process with several threads may only make raw system calls,
//! since another thread could have held any lock. This one never has a second thread, so that
//! pid 1, its copy, is an ordinary program.

use std::ffi::CStr;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sched::CloneFlags;
use serde::de::DeserializeOwned;
use zwieback_core::sandbox_spec::identity::Identity;
use zwieback_core::supervision::Supervision;

use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::init::host::{HostMounts, Rooms};
use crate::init::pid_one::{self, Bond};
use crate::init::start::{self, Start};
use crate::kernel::{file, process};
use crate::owner::{Owner, OwnerKind};
use crate::protocol::{Birth, Plan, Reply};
use crate::supervise::shift::Shift;
use crate::supervise::supervisor::Supervisor;
use crate::supervise::verdict::Verdict;
use crate::{id_maps, wire};

/// What only a new process can have. Pid 1 makes the others.
pub(crate) const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWUSER.union(CloneFlags::CLONE_NEWPID);

/// What pid 1 is called. Steps see it: the same wherever it came from.
const NAME: &CStr = c"zwieback";

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

/// Is pid 1, from its first instruction on, of a sandbox whose steps are the usual user. One that is
/// born ahead and cannot begin is not needed: another may be able to, once there is a plan.
pub(crate) fn first(socket: &UnixStream, owner: Owner, ahead: bool) -> ! {
    if process::set_name(NAME).is_err() {
        process::exit_now();
    }
    let start = start::begin().and_then(|begun| {
        id_maps::write("self", &Identity::default(), &owner).at(Stage::Identity)?;
        begun.go_on(&owner)
    });
    if ahead && start.is_err() {
        process::exit_now();
    }
    let plan = await_plan(socket);
    pid_one::run(socket, start, &plan, None, Bond::Runner, None)
}

fn live(socket: UnixStream) -> Result<Verdict, (UnixStream, Failure)> {
    let raised = match give_birth(&socket) {
        Ok(raised) => raised,
        Err(failure) => return Err((socket, failure)),
    };
    // From here on the socket is pid 1's alone, so that its end is the sandbox's end.
    drop(socket);
    Ok(match raised.care {
        Care::Leaves => process::exit_now(),
        Care::Stays => Supervisor::new(raised.pid, Shift::default()).watch(),
        Care::Traces(shift) => Supervisor::new(raised.pid, shift).watch(),
    })
}

fn give_birth(socket: &UnixStream) -> Result<Raised, Failure> {
    // Pid 1 inherits it.
    process::set_name(NAME).at(Stage::Plan)?;
    // An ordinary user's namespaces are the same whatever the plan, and to make them takes as long
    // as the runner takes to plan.
    let early = (!nix::unistd::geteuid().is_root()).then(|| Newborn::clone_from(socket, None));
    let birth: Birth = hear(socket, "birth").at(Stage::Plan)?;
    for group in &birth.cgroups {
        file::write(group.join("cgroup.procs"), "0").at(Stage::Cgroup)?;
    }
    let newborn = match early {
        Some(newborn) => newborn?,
        None => Newborn::with_plan(socket, &hear(socket, "plan").at(Stage::Plan)?)?,
    };
    newborn.raise(socket, &birth)
}

/// A pid 1 that makes its namespaces and waits for everything else.
struct Newborn {
    pid: i32,
    pidfd: OwnedFd,
    go: PipeWriter,
    is_early: bool,
}

/// A pid 1 that is on its own.
struct Raised {
    pid: i32,
    care: Care,
}

/// What a zygote does once it has raised its pid 1.
#[derive(Clone, Copy)]
enum Care {
    /// It ends, and pid 1 becomes the runner's own child: one process fewer to end and to wait for
    /// when the sandbox ends.
    Leaves,
    /// It stays, since a control group was given room for it.
    Stays,
    /// It traces.
    Traces(Shift),
}

impl Newborn {
    /// Root's store may lie where the sandbox's user cannot go, so root opens it beforehand. An
    /// ordinary user may only mount in the new namespace, and opens it there.
    fn with_plan(socket: &UnixStream, plan: &Plan) -> Result<Self, Failure> {
        let mounts = match plan.owner.kind {
            OwnerKind::Stranger => {
                match HostMounts::open(
                    plan,
                    (plan.owner.uid, plan.owner.gid),
                    &mut Rooms::default(),
                ) {
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
                wake(socket, wait, known)
            }
            process::Cloned::Parent { pid, pidfd } => Ok(Self {
                pid,
                pidfd,
                go,
                is_early,
            }),
        }
    }

    /// Gives it limits, a tracer, and ids.
    fn raise(self, socket: &UnixStream, birth: &Birth) -> Result<Raised, Failure> {
        if self.is_early {
            // It was born outside the groups that this process is in by now.
            for group in &birth.cgroups {
                let pid = self.pid.to_string();
                file::write(group.join("cgroup.procs"), &pid).at(Stage::Cgroup)?;
            }
        }
        let (shift, supervision) = Shift::begin(self.pid, &birth.machine);
        announce(socket, &self.pidfd, supervision).at(Stage::Namespaces)?;
        let mapped = id_maps::write(self.pid, &birth.identity, &birth.owner);
        mapped.at(Stage::Identity)?;
        let care = match shift {
            Some(shift) => Care::Traces(shift),
            None if birth.cgroups.is_empty() => Care::Leaves,
            None => Care::Stays,
        };
        let mut go = self.go;
        // A pid 1 that is dead already is found by the wait that follows.
        drop(go.write_all(&[care.word()]));
        let pid = self.pid;
        Ok(Raised { pid, care })
    }
}

fn hear<T: DeserializeOwned>(socket: &UnixStream, what: &str) -> Result<T, CallError> {
    let call = || format!("recvmsg({what})");
    let heard = wire::receive(socket).named(call)?;
    heard
        .map(|(message, _)| message)
        .ok_or_else(|| CallError::new(Errno::EPIPE, call()))
}

fn announce(
    socket: &UnixStream,
    pidfd: &OwnedFd,
    supervision: Supervision,
) -> Result<(), CallError> {
    let cloned = Reply::Cloned(supervision);
    wire::send(socket, &cloned, &[pidfd.as_fd()]).named(|| "sendmsg(pidfd)".to_owned())
}

/// What pid 1 is told once its ids are mapped.
const ALONE: u8 = b'!';
const CARED_FOR: u8 = b'.';
const TRACED: u8 = b'?';

impl Care {
    fn word(self) -> u8 {
        match self {
            Self::Leaves => ALONE,
            Self::Stays => CARED_FOR,
            Self::Traces(_) => TRACED,
        }
    }
}

/// Begins the life of pid 1.
fn wake(socket: &UnixStream, wait: PipeReader, known: Option<(&Plan, Option<HostMounts>)>) -> ! {
    let begun = start::begin().map(Start::from);
    let word = await_word(wait);
    let bond = match word {
        ALONE => Bond::Runner,
        _ => Bond::Zygote,
    };
    let shift = |plan: &Plan| (word == TRACED).then(|| Shift::of(&plan.spec.machine));
    if let Some((plan, mounts)) = known {
        pid_one::run(socket, begun, plan, mounts, bond, shift(plan));
    }
    let plan = await_plan(socket);
    pid_one::run(socket, begun, &plan, None, bond, shift(&plan))
}

/// Half of it is all there is when the runner died meanwhile.
fn await_plan(socket: &UnixStream) -> Plan {
    hear(socket, "plan").unwrap_or_else(|_| process::exit_now())
}

/// Waits for the id maps. The word also proves that the parent was alive after the clone; when
/// it dies without it, so does this process. It tells, too, if there is a tracer: without one, a
/// call that is to stop would fail.
fn await_word(mut wait: PipeReader) -> u8 {
    let mut word = [0];
    match wait.read_exact(&mut word) {
        Ok(()) => word[0],
        Err(_) => process::exit_now(),
    }
}
