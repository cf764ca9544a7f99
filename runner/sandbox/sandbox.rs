//! One sandbox, from the runner's side.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Instant;

use zwieback_model::enforcement::Enforcement;
use zwieback_model::name::Name;
use zwieback_model::sandbox_spec::operation::Place;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::supervision::Supervision;
use zwieback_model::variation::sighting::Sighting;

use crate::canceller::Canceller;
use crate::error::SandboxError;
use crate::handle::SupervisorHandle;
use crate::owner::Owner;
use crate::protocol::Look;
use crate::supervise::verdict::{self, Verdict};
use crate::watch::watcher::Watcher;

/// Where the named sources of a spec lie on this host.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The merged tree of the toolchains.
    pub toolchain: PathBuf,
    /// An empty directory outside of the trees, in their file system: beside it, a tree is shown through
    /// inodes of the sandbox's own.
    pub empty: PathBuf,
    /// Further trees.
    pub trees: BTreeMap<Name, PathBuf>,
    /// Directories for the places that are on disk: empty, and given away to [`Owner`] here.
    pub disks: BTreeMap<Place, PathBuf>,
}

impl Sources {
    /// The same by paths that mean the same everywhere: the supervisor need not be in the
    /// runner's working directory.
    pub(crate) fn absolute(mut self) -> Result<Self, SandboxError> {
        let further = self.trees.values_mut().chain(self.disks.values_mut());
        for path in further.chain([&mut self.toolchain, &mut self.empty]) {
            if path.is_relative() {
                *path = std::path::absolute(&path).map_err(SandboxError::runner("find a tree"))?;
            }
        }
        Ok(self)
    }
}

/// A running sandbox. It ends, with everything in it, at the latest when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// The first to be dropped: the watcher's control groups can only be removed when they are empty.
    pub(crate) supervisor: SupervisorHandle,
    pub(crate) spec: SandboxSpec,
    pub(crate) canceller: Canceller,
    pub(crate) watcher: Watcher,
    pub(crate) deadline: Instant,
    pub(crate) look: Look,
    pub(crate) sighting: Option<Sighting>,
    pub(crate) places: [OwnedFd; 3],
    pub(crate) owner: Owner,
    pub(crate) enforcement: Enforcement,
    pub(crate) supervision: Supervision,
}

/// What is left to say about a sandbox that has ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// The state of every lock.
    pub enforcement: Enforcement,
    /// Whether the clock of every program was what it was to be.
    pub supervision: Supervision,
    /// What a step saw around it, if one was to look.
    pub sighting: Sighting,
    /// The programs that were started, by the names of their files, as far as a supervisor saw them.
    pub programs: BTreeSet<String>,
    /// The most memory in use at one time, in bytes, as far as it was measured.
    pub peak_memory: Option<u64>,
}

impl Sandbox {
    /// A place as a directory. It outlives the sandbox if it is cloned.
    pub fn place(&self, place: Place) -> BorrowedFd<'_> {
        let [work, out, tmp] = &self.places;
        match place {
            Place::Work => work.as_fd(),
            Place::Out => out.as_fd(),
            Place::Tmp => tmp.as_fd(),
        }
    }

    /// Has the next step look around before it begins; [`Report::sighting`] tells what it saw.
    pub fn look_around(&mut self) {
        self.look = Look::Around;
    }

    /// Whom staged files must belong to.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The state of every lock.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Whether the supervisor could begin; what it came to is known at the end.
    pub fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// Ends the sandbox. When this returns, no process of it is left.
    pub fn finish(self) -> Report {
        let mut supervisor = self.supervisor;
        let (groups, peak_memory) = self.watcher.conclude();
        drop(self.places);
        let end = supervisor.end();
        // The supervisor has removed them, unless somebody has killed it.
        drop(groups);
        Report {
            enforcement: self.enforcement,
            supervision: verdict::conclude(self.supervision, end.as_ref()),
            sighting: self.sighting.unwrap_or_default(),
            programs: end.map(Verdict::into_programs).unwrap_or_default(),
            peak_memory,
        }
    }

    /// Ends the sandbox for a caller that reads nothing of it afterwards. What steps have left was
    /// gone when the last of them ended; pid 1 is killed, and the kernel takes its namespaces down
    /// while the caller goes on.
    pub fn leave(mut self) {
        self.watcher.conclude().0.leave();
        self.supervisor.abandon();
    }
}
