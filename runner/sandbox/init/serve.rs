//! The loop of pid 1: starts steps, reaps everything, and ends when the runner does.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::step::{self, Started};
use crate::call::{Attempt as _, CallError};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::process::{self, Block, Ended};
use crate::protocol::{Reply, Request, StepEnd};
use crate::supervise::shift::Shift;
use crate::wire;

/// Serves the runner until it closes the socket.
pub(crate) fn serve(socket: &UnixStream, shift: Option<Shift>) -> Result<(), Failure> {
    let mut server = Server {
        socket,
        children: child_signals().at(Stage::Step)?,
        running: None,
        shift,
    };
    while server.turn().at(Stage::Step)? {}
    process::kill_all();
    Ok(())
}

struct Server<'a> {
    socket: &'a UnixStream,
    children: SignalFd,
    running: Option<Running>,
    shift: Option<Shift>,
}

/// A step whose first process may still live.
struct Running {
    pid: i32,
    end: StepEnd,
    is_over: bool,
}

impl Server<'_> {
    /// Waits for one event; false when the runner is gone.
    fn turn(&mut self) -> Result<bool, CallError> {
        let mut events = [
            PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.children.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut events, PollTimeout::NONE) {
            Err(Errno::EINTR) => return Ok(true),
            other => other.named(|| "poll()".to_owned())?,
        };
        let is_ready = |event: &PollFd<'_>| event.any().unwrap_or(true);
        let (asked, died) = (is_ready(&events[0]), is_ready(&events[1]));
        if died {
            self.reap()?;
        }
        if asked { self.answer() } else { Ok(true) }
    }

    fn answer(&mut self) -> Result<bool, CallError> {
        let request = wire::receive(self.socket).named(|| "recvmsg(request)".to_owned())?;
        match request {
            None => return Ok(false),
            Some((Request::Kill, _)) => process::kill_all(),
            Some((Request::Run(plan), streams)) => self.start(&plan, streams)?,
        }
        Ok(true)
    }

    fn start(
        &mut self,
        plan: &crate::protocol::StepPlan,
        streams: Vec<OwnedFd>,
    ) -> Result<(), CallError> {
        match step::start(plan, streams, self.shift) {
            Ok(Started { pid, sighting }) => {
                self.running = Some(Running::new(pid));
                if let Some(sighting) = sighting {
                    self.reply(&Reply::Saw(sighting))?;
                }
                // It may have ended before this process looked at its signals again.
                self.reap()
            }
            Err(failure) => {
                self.clear()?;
                self.reply(&Reply::Failed(failure))
            }
        }
    }

    fn reap(&mut self) -> Result<(), CallError> {
        while let Ok(Some(_)) = self.children.read_signal() {}
        while let Some(ended) = process::wait_any(Block::No)? {
            self.note(ended);
        }
        if self.running.as_ref().is_some_and(|running| running.is_over) {
            self.clear()?;
            if let Some(running) = self.running.take() {
                self.reply(&Reply::Ended(running.end))?;
            }
        }
        Ok(())
    }

    /// Kills whatever a step left behind, and waits until it is gone. No process can be born
    /// meanwhile: the kernel fails the `fork` of a process that is being killed.
    fn clear(&mut self) -> Result<(), CallError> {
        process::kill_all();
        while let Some(ended) = process::wait_any(Block::Yes)? {
            self.note(ended);
        }
        Ok(())
    }

    fn note(&mut self, ended: Ended) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.end.cpu += ended.cpu;
        running.end.max_rss = running.end.max_rss.max(ended.max_rss);
        if ended.pid == running.pid {
            running.end.status = ended.status;
            running.is_over = true;
        }
    }

    fn reply(&self, reply: &Reply) -> Result<(), CallError> {
        wire::send(self.socket, reply, &[]).named(|| "sendmsg(reply)".to_owned())
    }
}

impl Running {
    fn new(pid: i32) -> Self {
        let end = StepEnd {
            status: 0,
            cpu: Duration::ZERO,
            max_rss: 0,
        };
        Self {
            pid,
            end,
            is_over: false,
        }
    }
}

fn child_signals() -> Result<SignalFd, CallError> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None)
        .named(|| "sigprocmask(SIG_BLOCK, SIGCHLD)".to_owned())?;
    SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .named(|| "signalfd(SIGCHLD)".to_owned())
}
