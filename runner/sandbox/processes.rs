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

    /// Kills pid 1, and with it every process of its namespace, and waits for all of them: pid 1
    /// can be reaped only when the rest is gone. The zygote reaps it, or has left it to this
    /// process. Tells how the zygote ended.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        let Some(first) = self.first.take() else {
            // It was abandoned, or there is no pid 1 yet, or it has not been announced and ends without its parent.
            self.zygote.kill();
            return self.zygote.wait();
        };
        process::kill(&first);
        let end = self.zygote.wait();
        process::reap(&first);
        end
    }

    /// Kills pid 1, which is alone by now, and does not wait for its end.
    pub(crate) fn abandon(&mut self) {
        if let Some(first) = self.first.take() {
            process::kill(&first);
            self.zygote.forget();
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let _ended = self.end();
    }
}
