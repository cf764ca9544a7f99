//! From rules to a program: a search tree over the call numbers, laid out at compile time.
//!
//! A filter runs at every system call of every step, and is compiled by the kernel at every
//! start. A tree takes seven comparisons where a list takes a hundred. It is written from its last
//! instruction to its first: a jump leads forward only, to what is written by then, and that may
//! be an answer that many rules share.

use libc::{BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET, sock_filter};
use zwieback_model::sandbox_spec::tracing::Tracing;

use super::arch;
use super::instruction::{ALLOW, ARCHITECTURE, KILL, NUMBER, jump, load, load_argument, refuse};
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

/// A jump reaches 255 instructions, and so the end of the program from anywhere.
const ROOM: usize = 256;

/// Different answers that the rules give; the build fails when there are more.
const ANSWERS: usize = 16;

/// The errnos of a socket family and of a protocol that this kernel does not have.
const NO_FAMILY: Verdict = Verdict::Errno(libc::EAFNOSUPPORT);
const NO_PROTOCOL: Verdict = Verdict::Errno(libc::EPROTONOSUPPORT);
const DENIED: Verdict = Verdict::Errno(libc::EPERM);

/// The number of pid 1 in its own namespace, which is all that a step sees.
const PID_ONE: u32 = 1;

/// A filter program, at the end of its room.
pub(crate) struct Program {
    code: [sock_filter; ROOM],
    len: usize,
}

impl Program {
    /// The instructions, in the kernel's form.
    pub(crate) fn instructions(&self) -> &[sock_filter] {
        &self.code[ROOM - self.len..]
    }

    const fn build(ranges: &Ranges) -> Self {
        let mut writer = Writer::new();
        let kill = writer.put(KILL);
        let tree = writer.search(ranges, 0, ranges.len);
        // A number that no rule was written for means a call that nobody has judged.
        let unjudged = writer.answer(Verdict::Errno(libc::ENOSYS));
        writer.test(BPF_JGE, YOUNGEST, unjudged, tree);
        let known = writer.put(load(NUMBER));
        // Another architecture's numbers mean other calls, so none of the rules would hold.
        writer.test(BPF_JEQ, arch::AUDIT_ARCH, known, kill);
        writer.put(load(ARCHITECTURE));
        writer.program
    }
}

/// An instruction, by how many there are from it to the end.
#[derive(Clone, Copy)]
struct Spot(usize);

/// A program that is being written, from its end.
struct Writer {
    program: Program,
    allow: Spot,
    /// Answers that are written, and where.
    answers: [(Verdict, Spot); ANSWERS],
    known: usize,
}

impl Writer {
    const fn new() -> Self {
        let program = Program {
            code: [ALLOW; ROOM],
            len: 1,
        };
        let allow = Spot(1);
        Self {
            program,
            allow,
            answers: [(DENIED, allow); ANSWERS],
            known: 0,
        }
    }

    /// Finds the number among the ranges `from..to`, and lets it pass when it is not there.
    const fn search(&mut self, ranges: &Ranges, from: usize, to: usize) -> Spot {
        if to - from == 1 {
            return self.leaf(ranges.list[from]);
        }
        let middle = usize::midpoint(from, to);
        let right = self.search(ranges, middle, to);
        let left = self.search(ranges, from, middle);
        self.test(BPF_JGE, ranges.list[middle].first, right, left)
    }

    const fn leaf(&mut self, range: Range) -> Spot {
        let (answer, allow) = (self.answer(range.verdict), self.allow);
        if range.first == range.last {
            return self.test(BPF_JEQ, range.first, answer, allow);
        }
        let from_first = self.test(BPF_JGT, range.last, allow, answer);
        self.test(BPF_JGE, range.first, from_first, allow)
    }

    /// Where this verdict is given, by the arguments if need be.
    const fn answer(&mut self, verdict: Verdict) -> Spot {
        let mut at = 0;
        while at < self.known {
            if self.answers[at].0.is(verdict) {
                return self.answers[at].1;
            }
            at += 1;
        }
        let spot = self.write(verdict);
        self.answers[self.known] = (verdict, spot);
        self.known += 1;
        spot
    }

    const fn write(&mut self, verdict: Verdict) -> Spot {
        match verdict {
            Verdict::Errno(errno) => self.put(refuse(errno)),
            Verdict::Bits { argument, bits } => self.deny_bits(argument, bits),
            Verdict::CreatedMode { flags, mode } => self.deny_created(flags, mode),
            Verdict::AnyOf { argument, values } => {
                let (denied, mut next) = (self.answer(DENIED), self.allow);
                let mut left = values.len();
                while left > 0 {
                    left -= 1;
                    next = self.test(BPF_JEQ, values[left], denied, next);
                }
                self.put(load_argument(argument))
            }
            Verdict::PidOne { argument } => self.deny_value(argument, PID_ONE, self.allow),
            Verdict::PriorityOf { user } => {
                let who = self.deny_value(1, PID_ONE, self.allow);
                self.deny_value(0, user, who)
            }
            Verdict::Socket => self.judge_socket(),
        }
    }

    const fn deny_bits(&mut self, argument: u8, bits: u32) -> Spot {
        let (denied, allow) = (self.answer(DENIED), self.allow);
        self.test(BPF_JSET, bits, denied, allow);
        self.put(load_argument(argument))
    }

    const fn deny_value(&mut self, argument: u8, value: u32, otherwise: Spot) -> Spot {
        let denied = self.answer(DENIED);
        self.test(BPF_JEQ, value, denied, otherwise);
        self.put(load_argument(argument))
    }

    /// Without one of these flags the mode is not an argument, and its register holds anything.
    const fn deny_created(&mut self, flags: u8, mode: u8) -> Spot {
        // O_TMPFILE is this bit and O_DIRECTORY (asm-generic/fcntl.h).
        const TMPFILE: u32 = 0o20_000_000;
        const CREATES: u32 = libc::O_CREAT.cast_unsigned() | TMPFILE;
        let judged = self.deny_bits(mode, libc::S_ISUID | libc::S_ISGID);
        let allow = self.allow;
        self.test(BPF_JSET, CREATES, judged, allow);
        self.put(load_argument(flags))
    }

    /// Families by the first argument, protocols by the third. Other protocols of the internet
    /// family would load kernel modules that nobody asked for.
    const fn judge_socket(&mut self) -> Spot {
        const INTERNET: [u32; 3] = [
            libc::IPPROTO_IP.cast_unsigned(),
            libc::IPPROTO_TCP.cast_unsigned(),
            libc::IPPROTO_UDP.cast_unsigned(),
        ];
        const ROUTE: [u32; 1] = [libc::NETLINK_ROUTE.cast_unsigned()];
        let allow = self.allow;
        let internet = self.allow_protocols(&INTERNET);
        let netlink = self.allow_protocols(&ROUTE);
        let mut next = self.answer(NO_FAMILY);
        next = self.test(BPF_JEQ, libc::AF_NETLINK.cast_unsigned(), netlink, next);
        next = self.test(BPF_JEQ, libc::AF_INET6.cast_unsigned(), internet, next);
        next = self.test(BPF_JEQ, libc::AF_INET.cast_unsigned(), internet, next);
        self.test(BPF_JEQ, libc::AF_UNIX.cast_unsigned(), allow, next);
        self.put(load_argument(0))
    }

    const fn allow_protocols(&mut self, protocols: &[u32]) -> Spot {
        let (mut next, allow) = (self.answer(NO_PROTOCOL), self.allow);
        let mut left = protocols.len();
        while left > 0 {
            left -= 1;
            next = self.test(BPF_JEQ, protocols[left], allow, next);
        }
        self.put(load_argument(2))
    }

    const fn test(&mut self, test: u32, k: u32, yes: Spot, no: Spot) -> Spot {
        let (yes, no) = (self.distance(yes), self.distance(no));
        self.put(jump(test, k, yes, no))
    }

    /// From the instruction that comes next.
    const fn distance(&self, to: Spot) -> u8 {
        #[expect(clippy::cast_possible_truncation, reason = "the room is this small")]
        let distance = (self.program.len - to.0) as u8;
        distance
    }

    const fn put(&mut self, instruction: sock_filter) -> Spot {
        let program = &mut self.program;
        program.len += 1;
        program.code[ROOM - program.len] = instruction;
        Spot(program.len)
    }
}
