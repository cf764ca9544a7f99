//! The machine a step believes to be on.

use nix::sched::{CloneFlags, unshare};
use zwieback_model::enforcement::{Enforcement, Lock, LockState};
use zwieback_model::sandbox_spec::identity::Machine;
use zwieback_model::sandbox_spec::spec::SandboxSpec;

use crate::call::{Attempt as _, CallError};
use crate::kernel::{file, process};

/// `CLONE_NEWTIME` of linux/sched.h; nix does not know it.
const CLONE_NEWTIME: i32 = 0x80;

/// Makes the time namespace that the steps are born into, and moves its clocks.
pub(crate) fn enter_clocks(
    machine: &Machine,
    enforcement: &mut Enforcement,
) -> Result<(), CallError> {
    let namespace = CloneFlags::from_bits_retain(CLONE_NEWTIME);
    if let Err(error) = unshare(namespace).named(|| "unshare(CLONE_NEWTIME)".to_owned()) {
        if !machine.clocks.are_zero() {
            return Err(error);
        }
        // Before Linux 5.6, or built without it: nothing of the host's can be changed through it.
        enforcement.record(Lock::TimeNamespace, LockState::Absent, error.to_string());
        return Ok(());
    }
    enforcement.record(Lock::TimeNamespace, LockState::Enforced, "private");
    if machine.clocks.are_zero() {
        return Ok(());
    }
    let clocks = machine.clocks;
    let offsets = format!(
        "monotonic {} 0\nboottime {} 0\n",
        clocks.monotonic, clocks.boottime
    );
    file::write("/proc/self/timens_offsets", &offsets)
}

/// Gives the machine its name.
pub(crate) fn name(spec: &SandboxSpec) -> Result<(), CallError> {
    let hostname = &spec.identity.hostname;
    nix::unistd::sethostname(hostname).named(|| format!("sethostname({hostname:?})"))?;
    process::set_domain(&spec.identity.domain)
}

/// Leaves the caller's session keyring behind. A kernel without keyrings has none to leak.
pub(crate) fn own_keyring(enforcement: &mut Enforcement) {
    match process::join_new_keyring() {
        Ok(()) => enforcement.record(Lock::Keyring, LockState::Enforced, "new session keyring"),
        Err(error) => enforcement.record(Lock::Keyring, LockState::Absent, error.to_string()),
    }
}
