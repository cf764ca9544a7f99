//! What only AArch64 has. All its calls are those of asm-generic/unistd.h.

use super::rules::Rule;

/// `AUDIT_ARCH_AARCH64` of linux/audit.h.
pub(crate) const AUDIT_ARCH: u32 = 0xC000_00B7;

/// None.
pub(crate) const RULES: [Rule; 0] = [];
