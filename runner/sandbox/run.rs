//! Runs one step: passes its output on, watches its limits, and collects its end.

use std::io::{PipeReader, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::error::SandboxError;
use crate::protocol::{Look, Reply, Request, StepEnd, StepPlan, Streams};
use crate::sandbox::Sandbox;
use crate::step::{Command, Ending, Limit, StepOutcome, StepUsage};
use crate::wire;

/// What is read from a step at once.
const CHUNK: usize = 64 << 10;

impl Sandbox {
    /// Runs a step to its end. When this returns, none of its processes is left.
    pub fn run(
        &mut self,
        command: &Command,
        on_output: &mut dyn FnMut(&[u8]),
    ) -> Result<StepOutcome, SandboxError> {
        let (output, theirs) =
            std::io::pipe().map_err(SandboxError::runner("make a pipe for the output"))?;
        self.owner.give(&theirs)?;
        self.begin(command, Streams::Captured, &[theirs.as_fd()])?;
        drop(theirs);
        Turn::new(self, Some(output), on_output).finish()
    }

    /// Asks pid 1 to start a step with these streams.
    pub(crate) fn begin(
        &mut self,
        command: &Command,
        streams: Streams,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), SandboxError> {
        let look = std::mem::replace(&mut self.look, Look::Nowhere);
        let plan = StepPlan::new(&self.spec, command, streams, look);
        wire::send(&self.supervisor.socket, &Request::Run(plan), descriptors)
            .map_err(SandboxError::runner("ask for a step"))
    }
}

/// A step that is running.
pub(crate) struct Turn<'a> {
    sandbox: &'a mut Sandbox,
    output: Option<PipeReader>,
    on_output: &'a mut dyn FnMut(&[u8]),
    started: Instant,
    chunk: Vec<u8>,
    log: u64,
    /// Why the step is being killed, if it is.
    cut: Option<Ending>,
}

impl<'a> Turn<'a> {
    /// A step that has just been asked for.
    pub(crate) fn new(
        sandbox: &'a mut Sandbox,
        output: Option<PipeReader>,
        on_output: &'a mut dyn FnMut(&[u8]),
    ) -> Self {
        Self {
            sandbox,
            on_output,
            started: Instant::now(),
            chunk: output.as_ref().map_or_else(Vec::new, |_| vec![0; CHUNK]),
            output,
            log: 0,
            cut: None,
        }
    }

    /// Follows the step to its end.
    pub(crate) fn finish(mut self) -> Result<StepOutcome, SandboxError> {
        loop {
            let ready = self.wait()?;
            if ready.cancelled {
                self.cut(Ending::Cancelled)?;
            }
            if ready.output && self.take_output()? == Taken::TooMuch {
                self.cut(Ending::LimitReached(Limit::Log))?;
            }
            if ready.reply
                && let Some(end) = self.receive()?
            {
                return self.conclude(end);
            }
            if self.cut.is_none() {
                self.check_limits()?;
            }
        }
    }

    fn wait(&self) -> Result<Ready, SandboxError> {
        let sandbox = &self.sandbox;
        let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut events = vec![watch(sandbox.supervisor.socket.as_fd())];
        if self.cut.is_none() {
            events.extend(sandbox.canceller.events());
        }
        let switches = 1..events.len();
        events.extend(self.output.as_ref().map(|output| watch(output.as_fd())));
        match poll(&mut events, self.patience()) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(SandboxError::runner("wait for a step")(errno.into())),
        }
        let is_ready = |event: &PollFd<'_>| event.any().unwrap_or(false);
        Ok(Ready {
            reply: is_ready(&events[0]),
            cancelled: events[switches.clone()].iter().any(is_ready),
            output: events[switches.end..].iter().any(is_ready),
        })
    }

    /// Until the next look at the limits; for ever, once the step is being killed.
    fn patience(&self) -> PollTimeout {
        if self.cut.is_some() {
            return PollTimeout::NONE;
        }
        let left = self
            .sandbox
            .deadline
            .saturating_duration_since(Instant::now());
        let wait = left.min(self.sandbox.watcher.pause());
        // One more, since the fraction of a millisecond is cut off.
        let wait = i32::try_from(wait.as_millis()).map_or(i32::MAX, |wait| wait + 1);
        PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
    }

    /// Passes on what the step has written, as far as the log may hold it.
    fn take_output(&mut self) -> Result<Taken, SandboxError> {
        let Some(output) = &mut self.output else {
            return Ok(Taken::All);
        };
        let read = output
            .read(&mut self.chunk)
            .map_err(SandboxError::runner("read the output of a step"))?;
        if read == 0 {
            // Every process has closed it; the reply will follow.
            self.output = None;
            return Ok(Taken::All);
        }
        let room = self.sandbox.spec.limits.log.saturating_sub(self.log);
        let kept = usize::try_from(room).map_or(read, |room| room.min(read));
        if kept > 0 {
            (self.on_output)(&self.chunk[..kept]);
        }
        self.log += kept as u64;
        Ok(if kept < read {
            Taken::TooMuch
        } else {
            Taken::Some
        })
    }

    fn check_limits(&mut self) -> Result<(), SandboxError> {
        if Instant::now() >= self.sandbox.deadline {
            return self.cut(Ending::LimitReached(Limit::Time));
        }
        match self.sandbox.watcher.look() {
            Some(limit) => self.cut(Ending::LimitReached(limit)),
            None => Ok(()),
        }
    }

    /// Has the step killed. The first reason stands.
    fn cut(&mut self, reason: Ending) -> Result<(), SandboxError> {
        if self.cut.is_some() {
            return Ok(());
        }
        self.cut = Some(reason);
        match wire::send(&self.sandbox.supervisor.socket, &Request::Kill, &[]) {
            // Pid 1 is gone already, and the reply that does not come will tell why.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(SandboxError::runner("end a step")),
        }
    }

    /// Hears what pid 1 has to say; the step's end, if it is that.
    fn receive(&mut self) -> Result<Option<StepEnd>, SandboxError> {
        let reply = wire::receive(&self.sandbox.supervisor.socket)
            .map_err(SandboxError::runner("hear of a step's end"))?;
        match reply {
            Some((Reply::Ended(end), _)) => Ok(Some(end)),
            Some((Reply::Saw(sighting), _)) => {
                self.sandbox.sighting = Some(sighting);
                Ok(None)
            }
            Some((Reply::Failed(failure), _)) => Err(failure.into()),
            // Memory that outlives its processes can take pid 1 along.
            None if self.sandbox.watcher.look_now().is_some() => Ok(Some(StepEnd::KILLED)),
            _ => Err(SandboxError::Gone("run a step")),
        }
    }

    fn conclude(mut self, end: StepEnd) -> Result<StepOutcome, SandboxError> {
        let mut late = None;
        // All writers are dead, so this ends.
        loop {
            match self.take_output()? {
                Taken::All => break,
                Taken::Some => {}
                Taken::TooMuch => late = Some(Limit::Log),
            }
        }
        let ending = Ending::from_status(end.status);
        if ending != Ending::Exited(0) {
            // A step that fails right after a limit was reached failed because of it.
            late = late.or_else(|| self.sandbox.watcher.look_now());
        }
        let ending = self
            .cut
            .or(late.map(Ending::LimitReached))
            .unwrap_or(ending);
        Ok(StepOutcome {
            ending,
            usage: StepUsage {
                cpu: end.cpu,
                wall: self.started.elapsed(),
                max_rss: end.max_rss,
                log: self.log,
            },
        })
    }
}

/// What a look at the output brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// There may be more.
    Some,
    /// There will be no more.
    All,
    /// There was more than the log holds.
    TooMuch,
}

/// What a wait found.
struct Ready {
    reply: bool,
    cancelled: bool,
    output: bool,
}
