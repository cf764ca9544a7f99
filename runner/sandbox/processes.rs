//! The processes of a sandbox, as the runner holds them.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;

use crate::error::SandboxError;
use crate::kernel::child::Child;
use crate::kernel::process;
use crate::nursery;

/// A zygote that waits for its plan. Whoever knows early that one will be needed spawns it first,
/// and reads meanwhile what the plan is made of.
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
    /// A new zygote; see [`nursery`].
    pub fn spawn() -> Result<Self, SandboxError> {
        let (socket, zygote) = nursery::bear()?;
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
            None => self.zygote.kill(),
        }
        self.zygote.wait()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let _ended = self.end();
    }
}
