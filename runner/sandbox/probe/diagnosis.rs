//! Finds out by doing: a sandbox is started, and what it reports is the answer.

use std::fs;
use std::io;
use std::path::Path;

use nix::sys::stat::{Mode, umask};
use zwieback_model::enforcement::Enforcement;
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::{Conditions, FIXED_FILES, MOUNT_POINTS};

use super::facts::Facts;
use super::remedy::{Remedy, remedies};
use crate::canceller::Canceller;
use crate::error::SandboxError;
use crate::fork_server::ForkServer;
use crate::sandbox::{Sandbox, Sources};

/// What was found.
#[derive(Debug)]
pub struct Diagnosis {
    /// The true state of every lock, as far as the sandbox got.
    pub enforcement: Enforcement,
    /// Why there is no sandbox here, if there is none.
    pub obstacle: Option<SandboxError>,
    /// What could be done about it, and about locks that hold in part only.
    pub remedies: Vec<Remedy>,
}

/// Starts the sandbox of a build on an empty toolchain below `scratch`, a directory. The caller has one
/// thread.
pub fn diagnose(scratch: &Path) -> io::Result<Diagnosis> {
    // As trees in a store are, whatever the caller's habits: root's steps are somebody else.
    let own = umask(Mode::S_IWGRP | Mode::S_IWOTH);
    let furnished = furnish(scratch);
    umask(own);
    furnished?;
    let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
    let sources = Sources {
        toolchain: scratch.join("tree"),
        empty: scratch.join("empty"),
        ..Sources::default()
    };
    let canceller = Canceller::new()?;
    let started =
        ForkServer::start().and_then(|server| Sandbox::start(&server, &spec, sources, &canceller));
    let (enforcement, obstacle) = match started {
        Ok(sandbox) => (sandbox.finish().enforcement, None),
        Err(error) => (Enforcement::default(), Some(error)),
    };
    let remedies = remedies(&enforcement, obstacle.as_ref(), &Facts::gather());
    Ok(Diagnosis {
        enforcement,
        obstacle,
        remedies,
    })
}

/// A toolchain tree without a toolchain.
fn furnish(scratch: &Path) -> io::Result<()> {
    let tree = scratch.join("tree");
    fs::create_dir_all(scratch.join("empty"))?;
    let inside = |path: &str| tree.join(path.trim_start_matches('/'));
    for point in MOUNT_POINTS {
        fs::create_dir_all(inside(point))?;
    }
    for file in FIXED_FILES {
        let path = inside(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, "")?;
    }
    Ok(())
}
