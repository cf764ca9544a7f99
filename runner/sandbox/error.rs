//! Why a sandbox could not be started or used.

use std::fmt;
use std::io;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use zwieback_model::enforcement::Lock;
use zwieback_model::sandbox_spec::operation::{Place, Source};
use zwieback_model::sandbox_spec::spec::SpecError;

use crate::call::CallError;

/// Why a sandbox could not be started or used. A step that fails is none of these.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The spec is not one.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The spec names a tree that was not supplied.
    #[error("no directory was given for the {0}")]
    NoSource(Source),
    /// No empty directory was supplied to lie below the trees.
    #[error("no empty directory was given")]
    NoEmpty,
    /// The spec puts a place on disk, and no directory was supplied.
    #[error("no directory was given for the place `{0}`")]
    NoDisk(Place),
    /// Something of the kernel's did not do as asked.
    #[error("{0}")]
    Setup(#[from] Failure),
    /// A lock that no build may run without is absent.
    #[error("the {} cannot be enforced here", .0.as_str())]
    Unlocked(Lock),
    /// The runner's own end failed.
    #[error("{action}: {source}")]
    Runner {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        source: io::Error,
    },
    /// The first process of the sandbox is gone.
    #[error("the sandbox ended by itself while it was to {0}")]
    Gone(&'static str),
}

/// One stage of the sandbox that failed, with the system call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was being done.
    pub stage: Stage,
    /// What the kernel said.
    pub call: CallError,
}

/// What the sandbox is doing, about in the order it does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The supervisor reads what it is to do.
    Plan,
    /// The processes are put under the limits of a control group.
    Cgroup,
    /// Trees, devices and places of the host are opened.
    HostMounts,
    /// Namespaces are made, some of them by being cloned into.
    Namespaces,
    /// User ids are mapped.
    Identity,
    /// The process table is made.
    Proc,
    /// The root is changed.
    Root,
    /// One operation of the spec.
    Furnish,
    /// Host name, clocks, keyring.
    Machine,
    /// The loopback.
    Network,
    /// Resource limits.
    Limits,
    /// Capabilities and privileges.
    Privileges,
    /// Landlock.
    Landlock,
    /// Seccomp.
    Seccomp,
    /// A step's streams, session and directory.
    Step,
    /// The program of a step.
    Exec,
}

/// Says which stage a call belonged to.
pub(crate) trait At<T> {
    fn at(self, stage: Stage) -> Result<T, Failure>;
}

impl<T> At<T> for Result<T, CallError> {
    fn at(self, stage: Stage) -> Result<T, Failure> {
        self.map_err(|call| Failure { stage, call })
    }
}

impl SandboxError {
    /// What could be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Setup(failure) => failure.hint().map(str::to_owned),
            Self::Unlocked(_) => Some("`zwieback doctor` says what is missing".to_owned()),
            _ => None,
        }
    }

    /// Names what the runner tried.
    pub(crate) fn runner(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Runner { action, source }
    }
}

impl Failure {
    /// What could be done about it.
    pub fn hint(&self) -> Option<&'static str> {
        match (self.stage, self.call.errno()) {
            (_, Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => None,
            (Stage::Namespaces | Stage::Identity, _)
            | (Stage::Root, Errno::EPERM | Errno::EACCES) => Some(
                "this machine restricts user namespaces; `zwieback doctor` says how to allow them",
            ),
            (Stage::Proc, Errno::EPERM) => {
                Some("the /proc of this container is masked; run it with --security-opt unmask=ALL")
            }
            (Stage::HostMounts, Errno::EACCES) => {
                Some("the store must be readable by the user who runs zwieback")
            }
            (Stage::Furnish, Errno::EROFS | Errno::ENOENT) => {
                Some("the toolchain tree lacks a mount point; lock and fetch it again")
            }
            (_, Errno::ENOSYS) => Some("zwieback needs Linux 5.12 or newer"),
            (Stage::Exec, Errno::ENOENT) => {
                Some("the toolchain has no such program, or lacks the program's loader")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plan => "read the plan",
            Self::Cgroup => "enter the control group",
            Self::HostMounts => "open the trees of the host",
            Self::Namespaces => "make namespaces",
            Self::Identity => "map user ids",
            Self::Proc => "mount /proc",
            Self::Root => "change the root",
            Self::Furnish => "furnish the sandbox",
            Self::Machine => "set host name and clocks",
            Self::Network => "bring up the loopback",
            Self::Limits => "set limits",
            Self::Privileges => "drop privileges",
            Self::Landlock => "apply landlock",
            Self::Seccomp => "apply seccomp",
            Self::Step => "prepare the step",
            Self::Exec => "start the program",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.stage, self.call)
    }
}

impl std::error::Error for Failure {}
