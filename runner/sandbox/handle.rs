//! The supervisor of a sandbox, as the runner holds it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use zwieback_model::supervision::Supervision;

use crate::cgroup::group::Groups;
use crate::error::SandboxError;
use crate::fork_server::ForkServer;
use crate::kernel::process;
use crate::protocol::{Plan, Report};
use crate::supervise::verdict::Verdict;
use crate::wire;

/// A start that takes longer than this hangs on a dead disk.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A supervisor and its pid 1. Both end, with every process of the sandbox, when this is dropped.
///
/// It waits for a plan: whoever knows early that a sandbox will be needed has it forked first, and
/// reads meanwhile what the plan is made of.
#[derive(Debug)]
pub struct SupervisorHandle {
    /// To the supervisor. It closes when that one ends.
    control: UnixStream,
    /// To pid 1. It closes when that one ends.
    pub(crate) socket: UnixStream,
    /// In which pid 1 is. The supervisor removes them; after it, they go with this.
    pub(crate) groups: Groups,
    /// Pid 1, once the supervisor has told of it.
    first: Option<OwnedFd>,
    has_ended: bool,
    /// Waits, when it ends, for all that it has forked: so it does not end before this.
    _server: Arc<ForkServer>,
}

impl SupervisorHandle {
    /// Has a supervisor forked.
    pub fn start(server: &Arc<ForkServer>) -> Result<Self, SandboxError> {
        let pairs = pair().and_then(|control| Ok((control, pair()?)));
        let pairs = pairs.map_err(SandboxError::runner("make a socket"))?;
        let ((control, their_control), (socket, their_socket)) = pairs;
        let groups = Groups::create();
        let forked = server.fork(&their_control, &their_socket, &groups.entrances());
        forked.map_err(SandboxError::runner("ask the fork server for a supervisor"))?;
        Ok(Self {
            control,
            socket,
            groups,
            first: None,
            has_ended: false,
            _server: Arc::clone(server),
        })
    }

    /// Gives the supervisor its plan.
    pub(crate) fn tell(&self, plan: &Plan) -> Result<(), SandboxError> {
        wire::tell(&self.control, plan, &[]).map_err(SandboxError::runner("send the plan"))
    }

    /// Waits until pid 1 has its ids; tells what is supervised.
    pub(crate) fn await_pid_one(&mut self) -> Result<Supervision, SandboxError> {
        let (report, descriptors) = self.hear()?.ok_or(SandboxError::Gone("start"))?;
        self.first = descriptors.into_iter().next();
        match report {
            Report::Cloned(supervision) => Ok(supervision),
            Report::Failed(failure) => Err(failure.into()),
            Report::Ended(_) => Err(SandboxError::Gone("start")),
        }
    }

    /// Why a pid 1 that is gone before its sandbox was ready could not begin, as far as is known.
    pub(crate) fn why_gone(&self) -> SandboxError {
        match self.hear() {
            Ok(Some((Report::Failed(failure), _))) => failure.into(),
            Ok(_) => SandboxError::Gone("start"),
            Err(error) => error,
        }
    }

    /// Has further answers take as long as they take.
    pub(crate) fn wait_for_ever(&self) -> Result<(), SandboxError> {
        let cleared = [&self.control, &self.socket]
            .into_iter()
            .try_for_each(|socket| socket.set_read_timeout(None));
        cleared.map_err(SandboxError::runner("clear a timeout"))
    }

    /// Kills pid 1, and with it every process of its namespace.
    pub(crate) fn kill(&self) {
        if let Some(first) = &self.first {
            process::kill(first);
        }
    }

    /// Kills every process and waits for all of them: pid 1 can be reaped only when the rest is gone.
    /// Tells what the supervisor says in the end, once.
    pub(crate) fn end(&mut self) -> Option<Verdict> {
        if std::mem::replace(&mut self.has_ended, true) {
            return None;
        }
        self.kill();
        // Where no plan was sent, the supervisor waits for one, or for this.
        drop(self.control.shutdown(std::net::Shutdown::Write));
        let mut verdict = None;
        while let Ok(Some((report, descriptors))) = self.hear() {
            if self.first.is_none()
                && let Some(first) = descriptors.first()
            {
                process::kill(first);
            }
            if let Report::Ended(seen) = report {
                verdict = Some(seen);
            }
        }
        // Somebody may have killed the supervisor, which then waited for nobody.
        if let Some(first) = &self.first {
            process::await_end(first);
        }
        verdict
    }

    /// Kills pid 1, whose steps have ended, and does not wait: its supervisor does.
    pub(crate) fn abandon(&mut self) {
        self.kill();
        self.has_ended = true;
    }

    fn hear(&self) -> Result<Option<(Report, Vec<OwnedFd>)>, SandboxError> {
        wire::receive(&self.control).map_err(SandboxError::runner("hear from the supervisor"))
    }
}

impl Drop for SupervisorHandle {
    fn drop(&mut self) {
        let _ended = self.end();
    }
}

/// Two ends of a socket; the first is the runner's.
fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_read_timeout(Some(START_TIMEOUT))?;
    Ok((ours, theirs))
}
