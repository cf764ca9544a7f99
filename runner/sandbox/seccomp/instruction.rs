//! The instructions of a filter: classic BPF, over `struct seccomp_data` (`seccomp(2)`).

use libc::{
    BPF_ABS, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
    SECCOMP_RET_KILL_PROCESS, sock_filter,
};

/// Offsets in `struct seccomp_data`.
pub(crate) const NUMBER: u32 = 0;
pub(crate) const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// The call is made.
pub(crate) const ALLOW: sock_filter = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

/// The process ends.
pub(crate) const KILL: sock_filter = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

/// The call answers with an errno.
pub(crate) const fn refuse(errno: i32) -> sock_filter {
    statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno.cast_unsigned())
}

pub(crate) const fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

/// The low half of an argument; both architectures are little-endian.
pub(crate) const fn load_argument(argument: u8) -> sock_filter {
    load(ARGUMENTS + 8 * argument as u32)
}

pub(crate) const fn statement(code: u32, k: u32) -> sock_filter {
    instruction(code, 0, 0, k)
}

/// Skips so many instructions if the test holds, and if it does not.
pub(crate) const fn jump(test: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    instruction(BPF_JMP | test | BPF_K, jt, jf, k)
}

const fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    assert!(code <= 0xFFFF, "an operation code has 16 bits");
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}
