//! The processes of a sandbox, as the runner holds them.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;

use crate::error::SandboxError;
use crate::kernel::child::Child;
use crate::kernel::process;
use crate::protocol::Birth;
use crate::seed::{self, Kind};
use crate::wire;

/// A process that waits for its plan: a zygote, or pid 1 already. Whoever knows early that one will
/// be needed spawns it first, and reads meanwhile what the plan is made of.
#[derive(Debug)]
pub struct Waiting {
    pub(crate) socket: UnixStream,
    pub(crate) processes: Processes,
}

/// What a sandbox grew from, and pid 1; all of it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Processes {
    /// What the sandbox grew from: the zygote, or pid 1 itself.
    seed: Child,
    kind: Kind,
    /// The pid 1 of a zygote.
    first: Option<OwnedFd>,
}

impl Waiting {
    /// One for the sandboxes that are most; see [`crate::nursery`].
    pub fn spawn() -> Result<Self, SandboxError> {
        Self::of(Kind::usual())
    }

    /// Has pid 1 raised: by the one that was spawned, if it fits, and else by another.
    pub(crate) fn raise(spawned: Option<Self>, birth: &Birth) -> Result<Self, SandboxError> {
        let kind = if birth.is_usual() {
            Kind::usual()
        } else {
            Kind::Zygote
        };
        let it = match spawned.filter(|it| it.processes.kind == kind) {
            Some(fitting) => fitting,
            None => Self::of(kind)?,
        };
        if kind == Kind::Zygote {
            let told = wire::tell(&it.socket, birth, &[]);
            told.map_err(SandboxError::runner("announce a plan"))?;
        }
        Ok(it)
    }

    fn of(kind: Kind) -> Result<Self, SandboxError> {
        let seed = seed::bear(kind)?;
        let processes = Processes {
            seed: seed.process,
            kind: seed.kind,
            first: None,
        };
        Ok(Self {
            socket: seed.socket,
            processes,
        })
    }
}

impl Processes {
    /// Has the seed of the next sandbox born. While this one starts or ends, that would only take a
    /// processor from it.
    pub(crate) fn sow(&self) {
        seed::sow(self.kind);
    }

    /// Takes the descriptor of pid 1, once there is one.
    pub(crate) fn adopt(&mut self, descriptors: Vec<OwnedFd>) {
        self.first = descriptors.into_iter().next();
    }

    /// Kills pid 1, and with it every process of its namespace.
    pub(crate) fn kill(&self) {
        match &self.first {
            Some(first) => process::kill(first),
            // It was abandoned, or is pid 1, or has none yet that would not end without it.
            None => self.seed.kill(),
        }
    }

    /// Kills pid 1, and with it every process of its namespace, and waits for all of them: pid 1
    /// can be reaped only when the rest is gone. The zygote reaps it, or has left it to this
    /// process. Tells how the zygote ended.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        self.kill();
        let end = self.seed.wait();
        if let Some(first) = self.first.take() {
            process::reap(&first);
        }
        end
    }

    /// Kills pid 1, which is alone by now, and does not wait for its end.
    pub(crate) fn abandon(&mut self) {
        match (self.first.take(), self.kind) {
            (Some(first), _) => process::kill(&first),
            (None, Kind::First) => self.seed.kill(),
            (None, Kind::Zygote) => return,
        }
        self.seed.forget();
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let _ended = self.end();
    }
}
