//! Tracing: the few requests of `ptrace(2)` that the supervisor makes, and a tracee's memory.

use std::ffi::c_void;

use libc::{c_uint, user_regs_struct};
use nix::errno::Errno;

use crate::call::{Attempt as _, CallError};

/// What stops a tracee, apart from signals: becoming another program, having a child (which is
/// then traced as well), and a system call that a filter points out.
const OPTIONS: i32 = libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_EXITKILL;

/// How a stopped tracee goes on.
#[derive(Clone, Copy)]
pub(crate) enum Resume {
    /// Until something stops it, with this signal delivered unless it is 0.
    Run(i32),
    /// Until the system call that it is in has ended.
    ToCallEnd,
    /// Not at all: it stays stopped, as its group is, until a signal continues the group.
    Listen,
}

/// Becomes the tracer of a process and of all that descend from it, without stopping it.
pub(crate) fn seize(pid: i32) -> Result<(), CallError> {
    request(libc::PTRACE_SEIZE, pid, OPTIONS.cast_unsigned() as usize)
        .named(|| "ptrace(PTRACE_SEIZE)".to_owned())
}

/// Lets a tracee go on. One that was killed while it was stopped is gone, which the next wait
/// tells.
pub(crate) fn resume(pid: i32, how: Resume) {
    let (what, data) = match how {
        Resume::Run(signal) => (libc::PTRACE_CONT, signal.cast_unsigned() as usize),
        Resume::ToCallEnd => (libc::PTRACE_SYSCALL, 0),
        Resume::Listen => (libc::PTRACE_LISTEN, 0),
    };
    let _gone = request(what, pid, data);
}

/// The number a thread had before it became another program; `None` when it was killed.
pub(crate) fn former_number(pid: i32) -> Option<i32> {
    let mut message: libc::c_ulong = 0;
    request(libc::PTRACE_GETEVENTMSG, pid, (&raw mut message).addr()).ok()?;
    i32::try_from(message).ok()
}

/// The registers of a stopped tracee; `None` when it was killed.
pub(crate) fn registers(pid: i32) -> Option<user_regs_struct> {
    // SAFETY: plain integers, for which all zeros are a value.
    let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
    transfer(libc::PTRACE_GETREGSET, pid, NT_PRSTATUS, &mut registers).ok()?;
    Some(registers)
}

/// Replaces the registers of a stopped tracee, unless it was killed.
pub(crate) fn set_registers(pid: i32, mut registers: user_regs_struct) {
    let _gone = transfer(libc::PTRACE_SETREGSET, pid, NT_PRSTATUS, &mut registers);
}

/// Replaces the number of the call that a stopped tracee is about to make, where that is not
/// among the registers.
#[cfg(target_arch = "aarch64")]
pub(crate) fn set_call(pid: i32, mut number: i32) {
    const NT_ARM_SYSTEM_CALL: usize = 0x404;
    let _gone = transfer(libc::PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &mut number);
}

/// elf.h: the registers every program uses.
const NT_PRSTATUS: usize = 1;

fn transfer<T>(what: c_uint, pid: i32, kind: usize, value: &mut T) -> Result<(), Errno> {
    let kind = std::ptr::without_provenance_mut::<c_void>(kind);
    let mut vector = libc::iovec {
        iov_base: (&raw mut *value).cast(),
        iov_len: size_of::<T>(),
    };
    // SAFETY: the vector spans `value`, which outlives the call and is made of integers alone.
    let result = unsafe { libc::ptrace(what, pid, kind, &raw mut vector) };
    Errno::result(result).map(drop)
}

fn request(what: c_uint, pid: i32, data: usize) -> Result<(), Errno> {
    let nothing = std::ptr::null_mut::<c_void>();
    // SAFETY: `data` is a number, or the address of a local of the caller that outlives the call
    // and is as large as the request writes.
    let result = unsafe { libc::ptrace(what, pid, nothing, data) };
    Errno::result(result).map(drop)
}

/// The word of a tracee's memory at an address.
pub(crate) fn peek(pid: i32, address: u64) -> Result<u64, Errno> {
    let mut word = [0; size_of::<u64>()];
    read(pid, address, &mut word)?;
    Ok(u64::from_ne_bytes(word))
}

/// Replaces that word, even where the tracee itself could not write: in its code.
pub(crate) fn poke(pid: i32, address: u64, word: u64) -> Result<(), Errno> {
    let address = usize::try_from(address).map_err(|_| Errno::EFAULT)?;
    let address = std::ptr::without_provenance_mut::<c_void>(address);
    let word = usize::try_from(word).map_err(|_| Errno::EINVAL)?;
    let word = std::ptr::without_provenance_mut::<c_void>(word);
    // SAFETY: address and word belong to another process and are not followed in this one.
    let result = unsafe { libc::ptrace(libc::PTRACE_POKETEXT, pid, address, word) };
    Errno::result(result).map(drop)
}

/// Fills `bytes` from a tracee's memory.
pub(crate) fn read(pid: i32, address: u64, bytes: &mut [u8]) -> Result<(), Errno> {
    let local = span(bytes.as_mut_ptr(), bytes.len());
    let remote = remote(address, bytes.len());
    // SAFETY: the local vector spans `bytes`; the kernel checks the remote one.
    let done = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    whole(done, bytes.len())
}

/// Puts `bytes` into a tracee's memory, where the tracee itself could write.
pub(crate) fn write(pid: i32, address: u64, bytes: &[u8]) -> Result<(), Errno> {
    let local = span(bytes.as_ptr().cast_mut(), bytes.len());
    let remote = remote(address, bytes.len());
    // SAFETY: the kernel only reads the local vector, which spans `bytes`; it checks the remote.
    let done =
        unsafe { libc::process_vm_writev(pid, &raw const local, 1, &raw const remote, 1, 0) };
    whole(done, bytes.len())
}

fn span(start: *mut u8, len: usize) -> libc::iovec {
    libc::iovec {
        iov_base: start.cast(),
        iov_len: len,
    }
}

fn remote(address: u64, len: usize) -> libc::iovec {
    // An address of another process, never followed in this one.
    let address = usize::try_from(address).unwrap_or(usize::MAX);
    span(std::ptr::without_provenance_mut(address), len)
}

fn whole(done: isize, len: usize) -> Result<(), Errno> {
    match Errno::result(done)? {
        done if done.cast_unsigned() == len => Ok(()),
        _ => Err(Errno::EFAULT),
    }
}
