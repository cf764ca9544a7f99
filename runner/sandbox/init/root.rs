//! From the host's root to the toolchain's.

use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use zwieback_model::sandbox_spec::spec::SandboxSpec;

use super::base_mounts::BaseMounts;
use crate::call::{Attempt as _, CallError};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::mount;

/// Makes a tree the root, with `/dev` and `/proc` in it.
pub(crate) fn change(tree: &OwnedFd, base: &BaseMounts) -> Result<(), Failure> {
    mount::attach(tree, "/").at(Stage::Root)?;
    nix::unistd::fchdir(tree)
        .named(|| "fchdir(toolchain)".to_owned())
        .at(Stage::Root)?;
    base.move_here().at(Stage::Furnish)?;
    mount::pivot_to_working_directory().at(Stage::Root)
}

/// What all processes of a sandbox together may open of inotify.
const INOTIFY_INSTANCES: &str = "48";

/// Settings of the new namespaces.
pub(crate) fn settings(spec: &SandboxSpec, proc: &OwnedFd) -> Result<(), CallError> {
    // A second wall behind seccomp: no further user namespace below this one.
    set(proc, "sys/user/max_user_namespaces", "0")?;
    // They count for the caller's other programs as well, which have 128 by default.
    match set(proc, "sys/user/max_inotify_instances", INOTIFY_INSTANCES) {
        // A kernel without inotify.
        Err(error) if error.errno() == Errno::ENOENT => {}
        done => done?,
    }
    if let Some(pid) = spec.machine.first_pid {
        set(
            proc,
            "sys/kernel/ns_last_pid",
            &pid.saturating_sub(1).to_string(),
        )?;
    }
    Ok(())
}

/// Makes the home of a step, where a place is to hold it. One that a tree has already stays as it is.
pub(crate) fn make_home(spec: &SandboxSpec) -> Result<(), CallError> {
    let home = spec.environment.get("HOME").map(String::as_str);
    let Some(home) = home.filter(|home| spec.is_writable(home)) else {
        return Ok(());
    };
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(home);
    made.named(|| format!("mkdir({home:?})"))
}

fn set(proc: &OwnedFd, name: &str, value: &str) -> Result<(), CallError> {
    let call = || format!("write(\"/proc/{name}\", {value:?})");
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let fd = openat(proc, name, flags, Mode::empty()).named(call)?;
    nix::unistd::write(fd, value.as_bytes())
        .map(drop)
        .named(call)
}
