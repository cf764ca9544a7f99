//! The processes of a sandbox, as the runner holds them.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use crate::error::SandboxError;
use crate::kernel::process;
use crate::zygote;

/// A start that takes longer hangs on a dead disk.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A zygote that waits for its plan. Starting a program takes a good part of what a sandbox
/// takes, so whoever knows early that one will be needed can spawn this first.
#[derive(Debug)]
pub struct Zygote {
    pub(crate) socket: UnixStream,
    pub(crate) processes: Processes,
}

/// The zygote and pid 1; both end when this is dropped.
#[derive(Debug)]
pub(crate) struct Processes {
    zygote: Child,
    first: Option<OwnedFd>,
}

impl Zygote {
    /// Starts a zygote. `Command` without hooks uses `vfork`: the runner's memory is not copied.
    pub fn spawn() -> Result<Self, SandboxError> {
        let error = SandboxError::runner;
        let (socket, theirs) = UnixStream::pair().map_err(error("make a socket"))?;
        socket
            .set_read_timeout(Some(START_TIMEOUT))
            .map_err(error("set a timeout"))?;
        let zygote = std::process::Command::new("/proc/self/exe")
            .arg(zygote::ARGUMENT)
            .env_clear()
            // Ctrl-C goes to the whole group of a terminal; how a sandbox ends is the runner's to say.
            .process_group(0)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(error("start /proc/self/exe"))?;
        let processes = Processes {
            zygote,
            first: None,
        };
        Ok(Self { socket, processes })
    }
}

impl Processes {
    /// Takes the descriptor of pid 1, once there is one.
    pub(crate) fn adopt(&mut self, descriptors: Vec<OwnedFd>) {
        self.first = descriptors.into_iter().next();
    }

    /// Kills pid 1, and with it every process of its namespace, and waits for all of them: the
    /// zygote ends when it has reaped pid 1, which the kernel allows only when the rest is gone.
    /// Tells how the zygote ended.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        match self.first.take() {
            Some(first) => process::kill(&first),
            // There is no pid 1 yet, or it has not been announced and dies with its parent.
            None => drop(self.zygote.kill()),
        }
        self.zygote.wait().ok()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let _ended = self.end();
    }
}
