//! The processes of a sandbox, as the runner holds them.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;

use crate::error::{At as _, SandboxError, Stage};
use crate::kernel::child::Child;
use crate::kernel::process;
use crate::nursery::{self, Kind};
use crate::protocol::Birth;
use crate::{wire, zygote};

/// A zygote, or pid 1 already, that waits for its plan. Whoever knows early that one will be needed spawns it first,
/// and reads meanwhile what the plan is made of.
#[derive(Debug)]
pub struct Zygote {
    pub(crate) socket: UnixStream,
    pub(crate) processes: Processes,
}

/// The zygote and pid 1; both end when this is dropped.
#[derive(Debug)]
pub(crate) struct Processes {
    /// What the sandbox grew from: the zygote, or pid 1 itself.
    seed: Child,
    kind: Kind,
    /// The pid 1 of a zygote.
    first: Option<OwnedFd>,
}

impl Zygote {
    /// A new zygote; see [`nursery`].
    pub fn spawn() -> Result<Self, SandboxError> {
        let seed = nursery::bear()?;
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

    /// Has pid 1 raised; by another one, if nobody looks after this one and somebody must.
    pub(crate) fn raise(self, birth: &Birth) -> Result<Self, SandboxError> {
        match self.processes.kind {
            Kind::First if birth.needs_care() => {
                drop(self);
                Self::spawn()?.raise(birth)
            }
            Kind::First => {
                let mapped = zygote::map_ids(self.processes.seed.pid(), birth);
                mapped.at(Stage::Identity)?;
                Ok(self)
            }
            Kind::Zygote => {
                let told = wire::tell(&self.socket, birth, &[]);
                told.map_err(SandboxError::runner("announce a plan"))?;
                Ok(self)
            }
        }
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
            // It was abandoned, or is pid 1, or has none yet that would not end without it.
            self.seed.kill();
            return self.seed.wait();
        };
        process::kill(&first);
        let end = self.seed.wait();
        process::reap(&first);
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
