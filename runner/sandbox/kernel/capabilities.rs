//! Capabilities, given up for good.

use nix::errno::Errno;

use crate::call::{CallError, Named as _};

/// `_LINUX_CAPABILITY_VERSION_3` of linux/capability.h: sets of 64 bits, in two halves.
const VERSION_3: u32 = 0x2008_0522;

/// The kernel has room for this many.
const ROOM: libc::c_ulong = 64;

/// `struct __user_cap_header_struct`.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Empties the bounding set: no program gives what is not in it. Needs `CAP_SETPCAP`.
pub(crate) fn empty_bounding_set() -> Result<(), CallError> {
    for capability in 0..ROOM {
        // SAFETY: plain integers.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match Errno::result(result) {
            // The first number that this kernel does not know; there is always a 0.
            Err(Errno::EINVAL) if capability > 0 => return Ok(()),
            other => other.named(|| format!("prctl(PR_CAPBSET_DROP, {capability})"))?,
        };
    }
    Ok(())
}

/// Empties the ambient set: what it holds survives the start of a program.
pub(crate) fn empty_ambient_set() -> Result<(), CallError> {
    let all = libc::PR_CAP_AMBIENT_CLEAR_ALL;
    // SAFETY: plain integers.
    let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, all, 0, 0, 0) };
    Errno::result(result)
        .map(drop)
        .named(|| "prctl(PR_CAP_AMBIENT_CLEAR_ALL)".to_owned())
}

/// Empties the effective, the permitted and the inheritable set.
pub(crate) fn empty_own_sets() -> Result<(), CallError> {
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let empty = [Half::default(); 2];
    // SAFETY: the kernel reads a header and two halves, as this version has them.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, empty.as_ptr()) };
    Errno::result(result)
        .map(drop)
        .named(|| "capset(empty)".to_owned())
}
