//! Where sandboxes grow from: a small process with one thread that forks a seed for each.
//!
//! To start a program costs as much as all namespaces together, so only the nursery is started
//! as one. It never learns anything of a sandbox: each seed gets its plan after its birth.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::sched::CloneFlags;

use crate::call::{CallError, Named as _};
use crate::kernel::child::Child;
use crate::kernel::process::{self, Cloned};
use crate::kernel::processor;
use crate::owner::Owner;
use crate::seed::{self, Kind, Order, Seed};
use crate::{wire, zygote};

/// The first argument by which a program knows that it is to be a nursery.
pub const ARGUMENT: &str = seed::NURSERY_ARGUMENT;

/// Is the nursery until its runner has ended, and a seed in every process it forks. `main`
/// calls this, before anything else, when its first argument is [`ARGUMENT`].
pub fn main() -> ExitCode {
    take_stdin().map_or(ExitCode::FAILURE, serve)
}

/// Forks the seed of the first sandbox that this process will start, of the usual kind. It pays
/// where a process lives as long as one sandbox: `main` calls it while there is one thread and
/// little memory. Where that fails, the first seed comes from the nursery, as all others do.
///
/// In the new process it returns the code to end with.
pub fn plant() -> Option<ExitCode> {
    if !process::has_one_thread() {
        return None;
    }
    let (ours, theirs) = seed::pair().ok()?;
    process::adopt_orphans().ok()?;
    let owner = Owner::of_this_process().ok()?;
    let kind = Kind::usual();
    // SAFETY: there is one thread, as the kernel has just said.
    match unsafe { process::clone_into(namespaces(kind)) }.ok()? {
        Cloned::Child => {
            drop(ours);
            let order = Order { kind, ahead: false };
            Some(strip(theirs).map_or(ExitCode::FAILURE, |socket| grow(socket, order, owner)))
        }
        Cloned::Parent { pid, pidfd } => {
            processor::part_with(pid);
            seed::keep(Seed {
                socket: ours,
                process: Child::new(pid, pidfd),
                kind,
            });
            None
        }
    }
}

/// Forks a seed for each socket that comes. It is the runner's child, not the nursery's: the
/// runner waits for it, and it may outlive the nursery.
fn serve(runner: UnixStream) -> ExitCode {
    let Ok(owner) = Owner::of_this_process() else {
        return ExitCode::FAILURE;
    };
    while let Ok(Some((order, sockets))) = wire::receive::<Order>(&runner) {
        let Some(socket) = sockets.into_iter().next().map(UnixStream::from) else {
            return ExitCode::FAILURE;
        };
        // Against its manual, clone(2) takes these together (Linux 3.13).
        let flags = CloneFlags::CLONE_PARENT | namespaces(order.kind);
        // SAFETY: a nursery has one thread.
        let answered = match unsafe { process::clone_into(flags) } {
            Ok(Cloned::Child) => {
                drop(runner);
                return grow(socket, order, owner);
            }
            Ok(Cloned::Parent { pid, pidfd }) => {
                wire::tell(&socket, &Ok::<_, CallError>(pid), &[pidfd.as_fd()])
            }
            Err(error) => wire::tell(&socket, &Err::<i32, _>(error), &[]),
        };
        if answered.is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What only a new process can have.
fn namespaces(kind: Kind) -> CloneFlags {
    match kind {
        Kind::Zygote => CloneFlags::empty(),
        Kind::First => zygote::NAMESPACES,
    }
}

/// Is what grows from a seed.
fn grow(socket: UnixStream, order: Order, owner: Owner) -> ExitCode {
    match order.kind {
        Kind::Zygote => zygote::main(socket),
        Kind::First => zygote::first(&socket, owner, order.ahead),
    }
}

/// Becomes as bare as a seed that came from a nursery: no arguments, no environment, no
/// descriptor of the caller's, a group of its own. Unlike that one it has the runner's addresses;
/// nothing inside can read them, and the steps are programs of their own.
fn strip(socket: UnixStream) -> Result<UnixStream, CallError> {
    // SAFETY: this process does nothing from here on but to be what it is, which reads neither.
    unsafe { process::forget_invocation() }?;
    process::lead_group()?;
    process::place_on_nothing(1)?;
    process::place_on_nothing(2)?;
    process::place_at(&socket, 0)?;
    drop(socket);
    take_stdin()
}

/// The socket that lies in place of the standard input. Whatever else slipped through is closed:
/// a descriptor of the host must not reach a step.
fn take_stdin() -> Result<UnixStream, CallError> {
    process::close_from(3)?;
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.named(|| "fcntl(0, F_DUPFD_CLOEXEC)".to_owned())?;
    process::place_at(io::stdout(), 0)?;
    Ok(UnixStream::from(socket))
}
