//! What the kernel limits for each process, and traits that processes inherit.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::personality::{self, Persona};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;
use zwieback_model::sandbox_spec::identity::{AddressLayout, KernelRelease, Machine};
use zwieback_model::sandbox_spec::spec::SandboxSpec;

use crate::call::{Attempt as _, CallError};

/// `UNAME26` of linux/personality.h; nix does not know it.
const UNAME26: i32 = 0x002_0000;

/// Sets everything that a step inherits from pid 1.
pub(crate) fn apply(spec: &SandboxSpec) -> Result<(), CallError> {
    let limits = &spec.limits;
    // Never RLIMIT_AS or RLIMIT_DATA: Go, the JVM and the sanitizers reserve terabytes of
    // address space, and some of it writable.
    for (resource, value) in [
        // 1 and not 0: do_coredump() then starts no handler of the host's either, which would
        // parse what a hostile process has left, as root.
        (Resource::RLIMIT_CORE, 1),
        (Resource::RLIMIT_FSIZE, limits.largest_file()),
        // Since Linux 5.14 this counts within the user namespace, which is this sandbox's alone.
        // Pid 1 is counted as well; one more lets a control group, which counts what it refuses,
        // be the first to refuse.
        (Resource::RLIMIT_NPROC, limits.processes.saturating_add(2)),
        (Resource::RLIMIT_NOFILE, limits.open_files),
        (Resource::RLIMIT_MEMLOCK, 8 << 20),
        (Resource::RLIMIT_MSGQUEUE, 800 << 10),
        (Resource::RLIMIT_SIGPENDING, 4096),
        (Resource::RLIMIT_NICE, 0),
        (Resource::RLIMIT_RTPRIO, 0),
    ] {
        set(resource, value)?;
    }
    // A step that asks for the default stack gets what Linux gives everywhere.
    lower_soft(Resource::RLIMIT_STACK, 8 << 20)?;
    personality(&spec.machine)?;
    affinity(&spec.machine)?;
    umask(Mode::from_bits_truncate(spec.umask));
    Ok(())
}

/// A caller with a lower hard limit cannot raise it; then that one stands.
fn set(resource: Resource, value: u64) -> Result<(), CallError> {
    let (_, hard) = current(resource)?;
    let value = value.min(hard);
    setrlimit(resource, value, value).named(|| format!("setrlimit({resource:?}, {value})"))
}

fn lower_soft(resource: Resource, value: u64) -> Result<(), CallError> {
    let (_, hard) = current(resource)?;
    let soft = value.min(hard);
    setrlimit(resource, soft, hard).named(|| format!("setrlimit({resource:?}, {soft})"))
}

fn current(resource: Resource) -> Result<(u64, u64), CallError> {
    nix::sys::resource::getrlimit(resource).named(|| format!("getrlimit({resource:?})"))
}

/// Set in full: the caller may itself run under `setarch`.
fn personality(machine: &Machine) -> Result<(), CallError> {
    let mut persona = Persona::empty();
    if machine.layout == AddressLayout::Fixed {
        persona |= Persona::ADDR_NO_RANDOMIZE;
    }
    if machine.release == KernelRelease::Linux26 {
        persona |= Persona::from_bits_retain(UNAME26);
    }
    personality::set(persona)
        .map(drop)
        .named(|| format!("personality({:#x})", persona.bits()))
}

/// Set in full as well. Where processors can be added to a running machine, a process may have a set
/// that names those, or one that does not, by what was done to it before.
fn affinity(machine: &Machine) -> Result<(), CallError> {
    let own = Pid::from_raw(0);
    let call = || format!("sched_setaffinity({:?})", machine.cpus);
    let mut set = CpuSet::new();
    for cpu in &machine.cpus {
        set.set(usize::from(*cpu)).named(call)?;
    }
    if machine.cpus.is_empty() {
        match sched_getaffinity(own) {
            Ok(all) => set = all,
            // There are more processors than the set has room for.
            Err(_) => return Ok(()),
        }
    }
    sched_setaffinity(own, &set).named(call)
}
