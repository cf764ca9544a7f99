//! Registers of x86-64, and the calls that newer architectures never got.

use libc::{c_long, user_regs_struct};

use super::file_times::Unit;
use crate::kernel::trace;

/// `time`, which others make of `clock_gettime`.
pub(crate) const SYS_TIME: Option<c_long> = Some(libc::SYS_time);

/// The calls of the stat family, but for `statx`, and which argument points to the struct.
pub(crate) const STATS: &[(c_long, usize)] = &[
    (libc::SYS_stat, 1),
    (libc::SYS_lstat, 1),
    (libc::SYS_fstat, 1),
    (libc::SYS_newfstatat, 2),
];

/// What sets times of files, but for `utimensat`, which argument points to them, and their unit.
pub(crate) const SETS: &[(c_long, usize, Unit)] = &[
    (libc::SYS_futimesat, 2, Unit::Microseconds),
    (libc::SYS_utimes, 1, Unit::Microseconds),
    (libc::SYS_utime, 1, Unit::Seconds),
];

/// What lies below the stack pointer and belongs to the function (System V ABI, 3.2.2).
pub(crate) const RED_ZONE: u64 = 128;

/// The number of the call that a tracee is about to make.
pub(crate) fn number(registers: &user_regs_struct) -> c_long {
    registers.orig_rax.cast_signed()
}

/// An argument of that call.
pub(crate) fn argument(registers: &user_regs_struct, at: usize) -> u64 {
    let all = registers;
    [all.rdi, all.rsi, all.rdx, all.r10, all.r8, all.r9][at]
}

/// Replaces an argument.
pub(crate) fn set_argument(registers: &mut user_regs_struct, at: usize, value: u64) {
    let all = registers;
    let register = [
        &mut all.rdi,
        &mut all.rsi,
        &mut all.rdx,
        &mut all.r10,
        &mut all.r8,
        &mut all.r9,
    ];
    *register[at] = value;
}

/// The result of the call that has just ended.
pub(crate) fn result(registers: &user_regs_struct) -> i64 {
    registers.rax.cast_signed()
}

/// The stack pointer.
pub(crate) fn stack(registers: &user_regs_struct) -> u64 {
    registers.rsp
}

/// Has the call answered with `result` and not made: -1 is no call (seccomp(2), on
/// `SECCOMP_RET_TRACE`).
pub(crate) fn answer(pid: i32, mut registers: user_regs_struct, result: i64) {
    registers.orig_rax = u64::MAX;
    registers.rax = result.cast_unsigned();
    trace::set_registers(pid, registers);
}
