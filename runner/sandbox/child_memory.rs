//! A limit of memory that a program which is not sandboxed has from its first instruction on.

use std::os::unix::process::CommandExt;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Has a program, and each one that it starts in turn, hold at most so many bytes of memory of its own.
///
/// Address space that is only reserved does not count, nor do files that are mapped to be read: V8 and
/// the JVM reserve much more than they use.
pub fn limit_memory(command: &mut impl CommandExt, most: u64) {
    let limit = move || {
        let (_, hard) = getrlimit(Resource::RLIMIT_DATA)?;
        let most = most.min(hard);
        Ok(setrlimit(Resource::RLIMIT_DATA, most, most)?)
    };
    // SAFETY: between fork and exec there are two system calls; no lock is taken and nothing is
    // allocated, for an error is a number.
    unsafe { command.pre_exec(limit) };
}
