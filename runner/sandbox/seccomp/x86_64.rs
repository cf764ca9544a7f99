//! What only x86-64 has: its ABIs, and the calls that newer architectures never got.

use super::rules::{CREATED, MODE_1, Rule, Verdict, denied};

/// `AUDIT_ARCH_X86_64` of linux/audit.h.
pub(crate) const AUDIT_ARCH: u32 = 0xC000_003E;

/// Calls that asm-generic/unistd.h has replaced, and those around ports and segments.
pub(crate) const RULES: [Rule; 10] = [
    Rule::new(libc::SYS_open, CREATED),
    Rule::new(libc::SYS_creat, MODE_1),
    Rule::new(libc::SYS_mkdir, MODE_1),
    Rule::new(libc::SYS_mknod, MODE_1),
    Rule::new(libc::SYS_chmod, MODE_1),
    denied(libc::SYS_iopl),
    denied(libc::SYS_ioperm),
    Rule::new(libc::SYS_modify_ldt, Verdict::Errno(libc::ENOSYS)),
    denied(libc::SYS_uselib),
    denied(libc::SYS__sysctl),
];
