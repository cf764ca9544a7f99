//! Registers of AArch64.

use libc::{c_long, user_regs_struct};

use super::file_times::Unit;
use crate::kernel::trace;

/// There is no `time`.
pub(crate) const SYS_TIME: Option<c_long> = None;

/// The calls of the stat family, but for `statx`, and which argument points to the struct.
pub(crate) const STATS: &[(c_long, usize)] = &[(libc::SYS_fstat, 1), (libc::SYS_newfstatat, 2)];

/// `utimensat` alone sets times of files.
pub(crate) const SETS: &[(c_long, usize, Unit)] = &[];

/// Nothing below the stack pointer is a function's (AAPCS64, 6.4.5.2).
pub(crate) const RED_ZONE: u64 = 0;

/// The number of the call that a tracee is about to make.
pub(crate) fn number(registers: &user_regs_struct) -> c_long {
    registers.regs[8].cast_signed()
}

/// An argument of that call.
pub(crate) fn argument(registers: &user_regs_struct, at: usize) -> u64 {
    registers.regs[at]
}

/// Replaces an argument. The first would be the result as well; no deadline is there.
pub(crate) fn set_argument(registers: &mut user_regs_struct, at: usize, value: u64) {
    registers.regs[at] = value;
}

/// The result of the call that has just ended.
pub(crate) fn result(registers: &user_regs_struct) -> i64 {
    registers.regs[0].cast_signed()
}

/// The stack pointer.
pub(crate) fn stack(registers: &user_regs_struct) -> u64 {
    registers.sp
}

/// Has the call answered with `result` and not made: -1 is no call (seccomp(2), on
/// `SECCOMP_RET_TRACE`).
pub(crate) fn answer(pid: i32, mut registers: user_regs_struct, result: i64) {
    registers.regs[0] = result.cast_unsigned();
    trace::set_registers(pid, registers);
    trace::set_call(pid, -1);
}
