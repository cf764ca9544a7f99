//! From rules to a program: a search tree over the call numbers, laid out at compile time.
//!
//! A filter runs at every system call of every step, and is compiled by the kernel at every
//! start; a tree takes seven comparisons where a list takes a hundred.

use libc::{
    BPF_ABS, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, sock_filter,
};
use zwieback_core::manifest::recipe::Tracing;

use super::arch;
use super::ranges::{Range, Ranges};
use super::rules::{Verdict, YOUNGEST};

/// The program of every sandbox whose steps need no ptrace.
static PROGRAM: Program = Program::build(&Ranges::new(Tracing::Refused));
static TRACING_PROGRAM: Program = Program::build(&Ranges::new(Tracing::Needed));

/// The program of a sandbox.
pub(crate) fn program(tracing: Tracing) -> &'static Program {
    match tracing {
        Tracing::Refused => &PROGRAM,
        Tracing::Needed => &TRACING_PROGRAM,
    }
}

/// Room for the program; the build fails when it is too small.
const ROOM: usize = 1024;

/// Offsets in `struct seccomp_data`.
pub(crate) const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// The errnos of a socket family and of a protocol that this kernel does not have.
const NO_FAMILY: i32 = libc::EAFNOSUPPORT;
const NO_PROTOCOL: i32 = libc::EPROTONOSUPPORT;

const ALLOW: sock_filter = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

/// A filter program.
pub(crate) struct Program {
    code: [sock_filter; ROOM],
    len: usize,
}

impl Program {
    /// The instructions, in the kernel's form.
    pub(crate) fn instructions(&self) -> &[sock_filter] {
        &self.code[..self.len]
    }

    const fn build(ranges: &Ranges) -> Self {
        let mut program = Self {
            code: [ALLOW; ROOM],
            len: 0,
        };
        program.refuse_unknown();
        program.search(ranges, 0, ranges.len);
        program
    }

    /// Another architecture's numbers mean other calls, so none of the rules would hold; a number
    /// that no rule was written for means a call that nobody has judged.
    const fn refuse_unknown(&mut self) {
        self.put(load(ARCHITECTURE));
        self.put(jump(BPF_JEQ, arch::AUDIT_ARCH, 1, 0));
        self.put(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
        self.put(load(NUMBER));
        self.put(jump(BPF_JGE, YOUNGEST, 0, 1));
        self.put(refuse(libc::ENOSYS));
    }

    /// Finds the number among the ranges `from..to`, and lets it pass when it is not there.
    const fn search(&mut self, ranges: &Ranges, from: usize, to: usize) {
        if to - from == 1 {
            return self.test(ranges.list[from]);
        }
        let middle = usize::midpoint(from, to);
        self.put(jump(BPF_JGE, ranges.list[middle].first, 0, 1));
        let far = self.len;
        self.put(ALLOW);
        self.search(ranges, from, middle);
        // A conditional jump reaches 255 instructions, this one the whole program.
        self.code[far] = statement(BPF_JMP | BPF_JA, wide(self.len - far - 1));
        self.search(ranges, middle, to);
    }

    /// The leaf of one range.
    const fn test(&mut self, range: Range) {
        let test = self.len;
        self.put(ALLOW);
        if range.first < range.last {
            self.put(ALLOW);
        }
        self.judge(range.verdict);
        self.put(ALLOW);
        // Not in this range: on to the last instruction of the leaf, which allows.
        let skip = narrow(self.len - test - 2);
        if range.first < range.last {
            self.code[test] = jump(BPF_JGE, range.first, 0, skip);
            self.code[test + 1] = jump(BPF_JGT, range.last, skip - 1, 0);
        } else {
            self.code[test] = jump(BPF_JEQ, range.first, 0, skip);
        }
    }

    /// Decides by the arguments. What falls out at the end is allowed.
    const fn judge(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Errno(errno) => self.put(refuse(errno)),
            Verdict::Bits { argument, bits } => {
                self.put(load_argument(argument));
                self.put(jump(BPF_JSET, bits, 0, 1));
                self.put(refuse(libc::EPERM));
            }
            Verdict::CreatedMode { flags, mode } => self.judge_created(flags, mode),
            Verdict::AnyOf { argument, values } => {
                self.put(load_argument(argument));
                self.put(jump(BPF_JEQ, values[0], 2, 0));
                self.put(jump(BPF_JEQ, values[1], 1, 0));
                self.put(jump(BPF_JEQ, values[2], 0, 1));
                self.put(refuse(libc::EPERM));
            }
            Verdict::Socket => self.judge_socket(),
        }
    }

    /// Without one of these flags the mode is not an argument, and its register holds anything.
    const fn judge_created(&mut self, flags: u8, mode: u8) {
        // O_TMPFILE is this bit and O_DIRECTORY (asm-generic/fcntl.h).
        const TMPFILE: u32 = 0o20_000_000;
        self.put(load_argument(flags));
        self.put(jump(
            BPF_JSET,
            libc::O_CREAT.cast_unsigned() | TMPFILE,
            0,
            3,
        ));
        self.put(load_argument(mode));
        self.put(jump(BPF_JSET, libc::S_ISUID | libc::S_ISGID, 0, 1));
        self.put(refuse(libc::EPERM));
    }

    /// Families by the first argument, protocols by the third. Other protocols of the internet
    /// family would load kernel modules that nobody asked for.
    const fn judge_socket(&mut self) {
        self.put(load_argument(0));
        self.put(jump(BPF_JEQ, libc::AF_UNIX.cast_unsigned(), 12, 0));
        self.put(jump(BPF_JEQ, libc::AF_INET.cast_unsigned(), 6, 0));
        self.put(jump(BPF_JEQ, libc::AF_INET6.cast_unsigned(), 5, 0));
        self.put(jump(BPF_JEQ, libc::AF_NETLINK.cast_unsigned(), 1, 0));
        self.put(refuse(NO_FAMILY));
        self.put(load_argument(2));
        self.put(jump(BPF_JEQ, libc::NETLINK_ROUTE.cast_unsigned(), 6, 0));
        self.put(refuse(NO_PROTOCOL));
        self.put(load_argument(2));
        self.put(jump(BPF_JEQ, libc::IPPROTO_IP.cast_unsigned(), 3, 0));
        self.put(jump(BPF_JEQ, libc::IPPROTO_TCP.cast_unsigned(), 2, 0));
        self.put(jump(BPF_JEQ, libc::IPPROTO_UDP.cast_unsigned(), 1, 0));
        self.put(refuse(NO_PROTOCOL));
    }

    const fn put(&mut self, instruction: sock_filter) {
        self.code[self.len] = instruction;
        self.len += 1;
    }
}

pub(crate) const fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

/// The low half of an argument; both architectures are little-endian.
pub(crate) const fn load_argument(argument: u8) -> sock_filter {
    load(ARGUMENTS + 8 * argument as u32)
}

const fn refuse(errno: i32) -> sock_filter {
    statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno.cast_unsigned())
}

pub(crate) const fn statement(code: u32, k: u32) -> sock_filter {
    instruction(code, 0, 0, k)
}

pub(crate) const fn jump(test: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    instruction(BPF_JMP | test | BPF_K, jt, jf, k)
}

const fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    assert!(code <= 0xFFFF, "an operation code has 16 bits");
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}

const fn narrow(distance: usize) -> u8 {
    assert!(
        distance <= 255,
        "a conditional jump reaches 255 instructions"
    );
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let distance = distance as u8;
    distance
}

const fn wide(distance: usize) -> u32 {
    assert!(distance <= ROOM, "a jump stays inside the program");
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let distance = distance as u32;
    distance
}
