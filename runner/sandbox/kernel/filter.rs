//! How a seccomp program is handed to the kernel.

use nix::errno::Errno;

use crate::call::{Attempt as _, CallError};

/// Puts this thread and all its descendants under `program`, for good.
pub(crate) fn install(program: &[libc::sock_filter]) -> Result<(), CallError> {
    let call = || format!("seccomp(SET_MODE_FILTER, {} instructions)", program.len());
    let len = libc::c_ushort::try_from(program.len())
        .map_err(|_| CallError::new(Errno::E2BIG, call()))?;
    let program = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel only reads the program, which outlives the call; `len` is its length.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    };
    Errno::result(result).map(drop).named(call)
}
