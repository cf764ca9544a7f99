//! What pid 1 does before there is a plan, which is sent while it does this.

use std::os::fd::OwnedFd;

use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};
use zwieback_core::sandbox_spec::identity::Identity;

use super::fixtures::{self, Fixtures};
use super::host::Rooms;
use super::privileges;
use crate::call::Named as _;
use crate::error::{At as _, Failure, Stage};
use crate::kernel::{mount, network, process};
use crate::owner::Owner;

/// How far pid 1 came while the runner still made a plan.
pub(crate) struct Start {
    pub(crate) progress: Progress,
    pub(crate) rooms: Rooms,
}

/// How far it came in what every sandbox needs.
pub(crate) enum Progress {
    /// It is in namespaces of its own.
    Begun(Begun),
    /// It is the sandbox's user, and has the fixtures.
    Fitted(Fixtures),
}

/// A process in namespaces of its own.
pub(crate) struct Begun {
    proc: OwnedFd,
}

/// What a sandbox has of its own besides its users and processes. The time namespace is not here:
/// its offsets can only be set while nobody is in it. Nor is that of control groups: its root is the
/// group of who makes it, and pid 1 may get to its group later.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS);

/// Begins in namespaces of its own, before any id is mapped.
pub(crate) fn begin() -> Result<Begun, Failure> {
    unshare(NAMESPACES)
        .named(|| format!("unshare({NAMESPACES:?})"))
        .at(Stage::Namespaces)?;
    privileges::bound().at(Stage::Privileges)?;
    // Steps see this too: the same wherever this process came from.
    process::lead_group().at(Stage::Namespaces)?;
    // What is made from here on has the mode it is made with, whatever the caller's habits.
    umask(Mode::empty());
    mount::make_private().at(Stage::Root)?;
    network::loopback_up().at(Stage::Network)?;
    let proc = fixtures::process_table().at(Stage::Proc)?;
    Ok(Begun { proc })
}

impl Begun {
    /// Goes on as far as the usual sandbox can. The ids of its user are mapped by now.
    pub(crate) fn go_on(self, owner: &Owner) -> Result<Start, Failure> {
        let usual = Identity::default();
        let fixtures = self.fit(&usual, owner)?;
        let rooms = Rooms::of_the_usual_size(&usual).at(Stage::HostMounts)?;
        Ok(Start {
            progress: Progress::Fitted(fixtures),
            rooms,
        })
    }

    /// Becomes the user of the sandbox, whose ids are mapped by now, and makes the fixtures.
    pub(crate) fn fit(self, identity: &Identity, owner: &Owner) -> Result<Fixtures, Failure> {
        privileges::become_inside_user(identity, owner).at(Stage::Identity)?;
        Fixtures::make(self.proc)
    }
}

impl From<Begun> for Start {
    fn from(begun: Begun) -> Self {
        Self {
            progress: Progress::Begun(begun),
            rooms: Rooms::default(),
        }
    }
}

impl Progress {
    /// Goes as far as every sandbox does, as this user.
    pub(crate) fn fit(self, identity: &Identity, owner: &Owner) -> Result<Fixtures, Failure> {
        match self {
            Self::Begun(begun) => begun.fit(identity, owner),
            Self::Fitted(fixtures) => Ok(fixtures),
        }
    }
}
