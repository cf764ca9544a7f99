//! The fork server: a small process with one thread that forks a supervisor for each sandbox.
//!
//! The runner has threads and much memory. Between `clone` and `execve` such a process may only make
//! raw system calls, since another thread could have held any lock, and to copy its page tables takes
//! longer than everything else. So it forks once, while it is small and has one thread, and asks that
//! copy for all further ones. To start the program anew instead would cost as much as all namespaces
//! together.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sched::CloneFlags;
use nix::sys::signal::{SigHandler, Signal, signal};

use crate::call::{Attempt as _, CallError};
use crate::cgroup::group::Entrance;
use crate::error::{At as _, SandboxError, Stage};
use crate::kernel::process::{self, Cloned};
use crate::protocol::Report;
use crate::{supervisor, wire};

/// The fork server of this process. It ends when this is dropped, after every sandbox, or with the process.
#[derive(Debug)]
pub struct ForkServer {
    /// One at a time asks.
    socket: Mutex<UnixStream>,
    pid: i32,
}

/// Nobody else may reap it: in a container the first process often reaps nothing.
impl Drop for ForkServer {
    fn drop(&mut self) {
        let socket = self
            .socket
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if socket.shutdown(Shutdown::Both).is_ok() {
            // It is a child of this process, and ends with its socket.
            let _status = process::wait_for(self.pid);
        }
    }
}

impl ForkServer {
    /// Forks it. This process must have no second thread yet.
    pub fn start() -> Result<Arc<Self>, SandboxError> {
        if !process::has_one_thread() {
            let reason = io::Error::other("this process has threads already");
            return Err(SandboxError::runner("start the fork server")(reason));
        }
        let pair = UnixStream::pair().map_err(SandboxError::runner("make a socket"))?;
        let (socket, theirs) = pair;
        // SAFETY: there is one thread, as the kernel has just said.
        match unsafe { process::clone_into(CloneFlags::empty()) }.at(Stage::Namespaces)? {
            Cloned::Child => {
                drop(socket);
                if let Ok(runner) = strip(theirs) {
                    serve(&runner);
                    process::await_children();
                }
                process::exit_now()
            }
            Cloned::Parent { pid, .. } => {
                let socket = Mutex::new(socket);
                Ok(Arc::new(Self { socket, pid }))
            }
        }
    }

    /// Has a supervisor forked that speaks through these sockets: its own, and that of its pid 1, which
    /// enters these groups.
    pub(crate) fn fork(
        &self,
        control: &UnixStream,
        socket: &UnixStream,
        groups: &[Entrance],
    ) -> io::Result<()> {
        // Nothing is behind the lock that a panic could leave half done.
        let server = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        wire::send(&server, &groups, &[control.as_fd(), socket.as_fd()])
    }
}

/// Forks a supervisor for each pair of sockets that comes.
fn serve(runner: &UnixStream) {
    while let Ok(Some((groups, sockets))) = wire::receive::<Vec<Entrance>>(runner) {
        let mut sockets = sockets.into_iter().map(UnixStream::from);
        let (Some(control), Some(socket)) = (sockets.next(), sockets.next()) else {
            return;
        };
        // SAFETY: a fork server has one thread.
        match unsafe { process::clone_into(CloneFlags::empty()) }.at(Stage::Namespaces) {
            Ok(Cloned::Child) => supervisor::main(control, socket, &groups),
            Ok(Cloned::Parent { .. }) => {}
            // The runner reads it, or is gone.
            Err(failure) => drop(wire::tell(&control, &Report::Failed(failure), &[])),
        }
    }
}

/// Becomes bare: no arguments, no environment, no descriptor of the caller's, a group of its own. It
/// has the runner's addresses; nothing inside can read them, and the steps are programs of their own.
fn strip(socket: UnixStream) -> Result<UnixStream, CallError> {
    // SAFETY: this process does nothing from here on but to be the server, which reads neither.
    unsafe { process::forget_invocation() }?;
    // Ctrl-C goes to the whole group of a terminal; how a sandbox ends is the runner's to say.
    process::lead_group()?;
    // SAFETY: no code of ours runs. The kernel reaps the supervisors, whose ends the runner hears of.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }
        .named(|| "signal(SIGCHLD, SIG_IGN)".to_owned())?;
    process::place_on_nothing(1)?;
    process::place_on_nothing(2)?;
    process::place_at(&socket, 0)?;
    drop(socket);
    process::close_from(3)?;
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.named(|| "fcntl(0, F_DUPFD_CLOEXEC)".to_owned())?;
    process::place_at(io::stdout(), 0)?;
    Ok(UnixStream::from(socket))
}
