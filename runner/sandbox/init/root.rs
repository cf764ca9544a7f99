//! From the host's root to the toolchain's.

use std::os::fd::OwnedFd;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use super::fixtures::Fixtures;
use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::mount;

/// Makes a tree the root, with the fixtures in it.
pub(crate) fn change(tree: &OwnedFd, fixtures: &Fixtures) -> Result<(), Failure> {
    mount::attach(tree, "/").at(Stage::Root)?;
    nix::unistd::fchdir(tree)
        .named(|| "fchdir(toolchain)".to_owned())
        .at(Stage::Root)?;
    fixtures.move_here().at(Stage::Furnish)?;
    mount::pivot_to_working_directory().at(Stage::Root)
}

/// Settings of the new namespaces.
pub(crate) fn settings(spec: &SandboxSpec, proc: &OwnedFd) -> Result<(), CallError> {
    // A second wall behind seccomp: no further user namespace below this one.
    set(proc, "sys/user/max_user_namespaces", "0")?;
    if let Some(pid) = spec.machine.first_pid {
        set(
            proc,
            "sys/kernel/ns_last_pid",
            &pid.saturating_sub(1).to_string(),
        )?;
    }
    Ok(())
}

fn set(proc: &OwnedFd, name: &str, value: &str) -> Result<(), CallError> {
    let call = || format!("write(\"/proc/{name}\", {value:?})");
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let fd = openat(proc, name, flags, Mode::empty()).named(call)?;
    nix::unistd::write(fd, value.as_bytes())
        .map(drop)
        .named(call)
}
