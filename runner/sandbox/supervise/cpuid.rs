//! Answers programs that ask the CPU what it is, on CPUs that can be told to fault there.
//!
//! No call is made, so no filter sees it: the instruction itself must fault (`ARCH_SET_CPUID` of
//! `arch_prctl(2)`, Linux 4.12; Intel since Ivy Bridge, AMD since Zen 4). The setting is inherited
//! by threads and children and is lost at `execve`, so it is made anew there, by the program that
//! is about to run: the tracer has it make the call before its first own instruction.

use std::arch::x86_64::{__cpuid_count, CpuidResult};
use std::collections::BTreeMap;

use libc::user_regs_struct;
use nix::errno::Errno;

use crate::kernel::process;
use crate::kernel::trace::{self, Resume};

/// asm/prctl.h.
const ARCH_SET_CPUID: u64 = 0x1012;
/// `cpuid`.
const INSTRUCTION: [u8; 2] = [0x0F, 0xA2];
/// `mov eax, SYS_arch_prctl`; `syscall`; `int3`, which hands over to the tracer.
///
/// The number is loaded by the program itself: at the stop after `execve` the tracee is still inside
/// that call, whose return value overwrites the `rax` that a tracer sets.
const CALL_AND_STOP: [u8; 8] = [0xB8, 158, 0, 0, 0, 0x0F, 0x05, 0xCC];
const _: () = assert!(libc::SYS_arch_prctl == CALL_AND_STOP[1] as libc::c_long);
/// More stops than this before the call is made mean that something else is going on.
const PATIENCE: u32 = 16;

/// Whether this CPU can be told to fault.
pub(crate) fn can_fault() -> bool {
    // For this thread alone, which asks the CPU nothing in between.
    set(0).is_ok() && set(1).is_ok()
}

fn set(allowed: u64) -> Result<(), Errno> {
    // SAFETY: plain integers.
    Errno::result(unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_CPUID, allowed) }).map(drop)
}

/// Has a program that stands at `execve` fault from its first instruction on.
pub(crate) fn arm(pid: i32) -> Result<(), Errno> {
    let before = trace::registers(pid).ok_or(Errno::ESRCH)?;
    let code = trace::peek(pid, before.rip)?;
    trace::poke(pid, before.rip, u64::from_ne_bytes(CALL_AND_STOP))?;
    let call = user_regs_struct {
        rdi: ARCH_SET_CPUID,
        rsi: 0,
        // `execve` is over: nothing is to be restarted.
        orig_rax: u64::MAX,
        ..before
    };
    trace::set_registers(pid, call);
    let result = run_to_stop(pid, before.rip + CALL_AND_STOP.len() as u64);
    // A program that was killed meanwhile needs no repair.
    trace::poke(pid, before.rip, code)?;
    let at_start = user_regs_struct {
        // What execve returns.
        rax: 0,
        orig_rax: u64::MAX,
        ..before
    };
    trace::set_registers(pid, at_start);
    result_of_call(result?)
}

/// What the kernel leaves in the result register: an errno, negated, or no error.
fn result_of_call(register: u64) -> Result<(), Errno> {
    match register.cast_signed() {
        error @ -4095..0 => Err(Errno::from_raw(i32::try_from(-error).unwrap_or(libc::EIO))),
        _ => Ok(()),
    }
}

/// Lets the tracee go on until it stops at `end`, and says what is then in its result register.
fn run_to_stop(pid: i32, end: u64) -> Result<u64, Errno> {
    let mut signal = 0;
    for _ in 0..PATIENCE {
        trace::resume(pid, Resume::Run(signal));
        let status = process::wait_for(pid)?;
        if !libc::WIFSTOPPED(status) {
            return Err(Errno::ESRCH);
        }
        let now = trace::registers(pid).ok_or(Errno::ESRCH)?;
        if now.rip == end && libc::WSTOPSIG(status) == libc::SIGTRAP {
            return Ok(now.rax);
        }
        // Somebody sent a signal; no program has set up anything yet that could catch it.
        let is_event = status >> 16 != 0;
        signal = if is_event { 0 } else { libc::WSTOPSIG(status) };
    }
    Err(Errno::ELOOP)
}

/// What the CPU said, by leaf and part.
///
/// Under a hypervisor the instruction costs as much as all of the rest of an answer, and each program asks some
/// thirty times as it starts. That all of a run hear the number of one and the same processor is welcome.
#[derive(Default)]
pub(crate) struct Answers(BTreeMap<(u32, u32), CpuidResult>);

/// There are a few dozen leaves; who asks for others is answered without a memory.
const MOST_ANSWERS: usize = 256;

impl Answers {
    /// Answers a tracee that faulted, if it faulted by asking.
    pub(crate) fn answer(&mut self, pid: i32) -> Option<()> {
        let registers = trace::registers(pid)?;
        let mut code = [0; INSTRUCTION.len()];
        trace::read(pid, registers.rip, &mut code).ok()?;
        (code == INSTRUCTION).then_some(())?;
        trace::set_registers(pid, answered(registers, |leaf, part| self.ask(leaf, part)));
        Some(())
    }

    fn ask(&mut self, leaf: u32, part: u32) -> CpuidResult {
        if let Some(known) = self.0.get(&(leaf, part)) {
            return *known;
        }
        let said = __cpuid_count(leaf, part);
        if self.0.len() < MOST_ANSWERS {
            self.0.insert((leaf, part), said);
        }
        said
    }
}

/// The registers after the instruction, when the CPU answers like this.
fn answered(
    registers: user_regs_struct,
    ask: impl FnOnce(u32, u32) -> CpuidResult,
) -> user_regs_struct {
    let (leaf, part) = (low(registers.rax), low(registers.rcx));
    let plain = plain(leaf, part, ask(leaf, part));
    user_regs_struct {
        rax: plain.eax.into(),
        rbx: plain.ebx.into(),
        rcx: plain.ecx.into(),
        rdx: plain.edx.into(),
        rip: registers.rip + INSTRUCTION.len() as u64,
        ..registers
    }
}

/// The instruction takes the lower halves and clears the upper ones.
fn low(register: u64) -> u32 {
    let [low, _] = [register & u64::from(u32::MAX), register >> 32];
    u32::try_from(low).expect("invariant: the upper half is masked away")
}

/// What no x86-64 CPU before 2011 said of itself (Intel SDM 3A, CPUID; AMD APM 3, appendix E):
/// AVX and what builds on it, bit manipulation, hashing, and random numbers, which would pass by
/// everything that watches over entropy.
mod newer {
    /// FMA, MOVBE, AVX, F16C, RDRAND.
    pub(super) const LEAF_1_ECX: u32 = bits(&[12, 22, 28, 29, 30]);
    /// BMI1, AVX2, BMI2, RDSEED, ADX, SHA and AVX-512.
    pub(super) const LEAF_7_EBX: u32 = bits(&[3, 5, 8, 16, 17, 18, 19, 21, 26, 27, 28, 29, 30, 31]);
    /// GFNI, VAES, VPCLMULQDQ and AVX-512.
    pub(super) const LEAF_7_ECX: u32 = bits(&[1, 6, 8, 9, 10, 11, 12, 14]);
    /// AVX-512 and AMX.
    pub(super) const LEAF_7_EDX: u32 = bits(&[2, 3, 8, 22, 23, 24, 25]);
    /// LZCNT, XOP, FMA4, TBM.
    pub(super) const EXTENDED_1_ECX: u32 = bits(&[5, 11, 16, 21]);

    const fn bits(list: &[u32]) -> u32 {
        let (mut mask, mut at) = (0, 0);
        while at < list.len() {
            mask |= 1 << list[at];
            at += 1;
        }
        mask
    }
}

/// Whether a CPU that answers like this, leaf by leaf, says nothing of newer instructions.
pub(crate) fn is_plain(ask: impl Fn(u32) -> [u32; 4]) -> bool {
    let [_, _, older_ecx, _] = ask(1);
    let [_, ebx, ecx, edx] = ask(7);
    let [_, _, extended_ecx, _] = ask(0x8000_0001);
    older_ecx & newer::LEAF_1_ECX == 0
        && ebx & newer::LEAF_7_EBX == 0
        && ecx & newer::LEAF_7_ECX == 0
        && edx & newer::LEAF_7_EDX == 0
        && extended_ecx & newer::EXTENDED_1_ECX == 0
}

/// The name of the CPU, 48 bytes in three leaves of four registers.
const NAME: &[u8; 11] = b"a processor";

/// What a plain CPU would answer where this one answers `own`.
fn plain(leaf: u32, part: u32, mut own: CpuidResult) -> CpuidResult {
    const NOTHING: CpuidResult = CpuidResult {
        eax: 0,
        ebx: 0,
        ecx: 0,
        edx: 0,
    };
    match (leaf, part) {
        (1, _) => own.ecx &= !newer::LEAF_1_ECX,
        (2, _) if refers_to_leaf_4(own) => return CACHES,
        (7, 0) => {
            // There is no further part: all of them tell of newer instructions.
            own.eax = 0;
            own.ebx &= !newer::LEAF_7_EBX;
            own.ecx &= !newer::LEAF_7_ECX;
            own.edx &= !newer::LEAF_7_EDX;
        }
        // Further parts, AMX and AVX10.
        (7 | 0x1D | 0x1E | 0x24, _) => return NOTHING,
        (0x8000_0001, _) => own.ecx &= !newer::EXTENDED_1_ECX,
        (0x8000_0002..=0x8000_0004, _) => return name(leaf - 0x8000_0002),
        _ => {}
    }
    own
}

/// Descriptors of caches as they were before leaf 4 was the only one to tell them: 32 KiB of first level, 256 KiB of
/// second, 8 MiB of third (Intel SDM 2A, CPUID, table "Encoding of CPUID Leaf 2 Descriptors").
///
/// A C library asks a dozen questions about caches as each program starts, and on an answer that refers to leaf 4
/// it asks that for each of them, again and again: it was most of what the factor cost.
const CACHES: CpuidResult = CpuidResult {
    eax: 0x5503_5A01,
    ebx: 0x00F0_B2E4,
    ecx: 0,
    edx: 0x09CA_212C,
};

/// Whether one of the descriptors says that leaf 4 knows more.
fn refers_to_leaf_4(own: CpuidResult) -> bool {
    let registers = [own.eax, own.ebx, own.ecx, own.edx];
    registers
        .iter()
        .any(|register| register.to_le_bytes().contains(&0xFF))
}

fn name(part: u32) -> CpuidResult {
    let mut text = [0_u8; 48];
    text[..NAME.len()].copy_from_slice(NAME);
    let word = |at: u32| {
        let from = (part * 16 + at * 4) as usize;
        let bytes = [text[from], text[from + 1], text[from + 2], text[from + 3]];
        u32::from_le_bytes(bytes)
    };
    CpuidResult {
        eax: word(0),
        ebx: word(1),
        ecx: word(2),
        edx: word(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: CpuidResult = CpuidResult {
        eax: u32::MAX,
        ebx: u32::MAX,
        ecx: u32::MAX,
        edx: u32::MAX,
    };

    fn asked(leaf: u64, part: u64) -> user_regs_struct {
        // SAFETY: plain integers, for which all zeros are a value.
        let none: user_regs_struct = unsafe { std::mem::zeroed() };
        let registers = user_regs_struct {
            rax: leaf,
            rbx: 5,
            rcx: part,
            rdx: 6,
            rsi: 7,
            rip: 0x1000,
            ..none
        };
        answered(registers, |_, _| ALL)
    }

    #[test]
    fn the_instruction_is_over_and_changes_four_registers() {
        let after = asked(0xFFFF_FFFF_0000_0001, 0);
        assert_eq!((after.rip, after.rsi), (0x1002, 7));
        assert_eq!(after.rbx, u64::from(u32::MAX));
        // AVX is bit 28 of ecx, SSE4.2 bit 20, SSE2 bit 26 of edx.
        assert_eq!((after.rcx >> 28) & 1, 0);
        assert_eq!((after.rcx >> 20) & 1, 1);
        assert_eq!((after.rdx >> 26) & 1, 1);
    }

    #[test]
    fn a_plain_cpu_has_nothing_that_came_with_avx() {
        let seven = asked(7, 0);
        assert_eq!(seven.rax, 0, "no further part");
        assert_eq!(seven.rbx & (1 << 5), 0, "AVX2");
        assert_eq!(seven.rbx & (1 << 16), 0, "AVX-512");
        assert_eq!(seven.rbx & (1 << 9), 1 << 9, "fast string moves stay");
        for leaf in [0x1D, 0x24] {
            assert_eq!(asked(leaf, 0).rax, 0);
        }
        assert_eq!(asked(7, 1).rax, 0);
    }

    #[test]
    fn what_tells_no_features_is_the_cpus_own() {
        // The vendor and the sizes of saved state must fit what the kernel does.
        for leaf in [0, 4, 0xB, 0xD, 0x15, 0x8000_0000, 0x8000_0008] {
            assert_eq!(asked(leaf, 0).rax, u64::from(u32::MAX), "{leaf:#x}");
        }
    }

    #[test]
    fn caches_are_told_without_leaf_4() {
        let told = asked(2, 0);
        assert_eq!(told.rax, u64::from(CACHES.eax));
        assert!(!refers_to_leaf_4(CACHES));
        // A CPU of another maker knows no such descriptors.
        let nothing = plain(2, 0, plain(7, 1, CACHES));
        assert_eq!((nothing.eax, nothing.edx), (0, 0));
    }

    #[test]
    fn the_name_is_nobodys() {
        let mut name = Vec::new();
        for leaf in 0x8000_0002..=0x8000_0004 {
            let part = asked(leaf, 0);
            for register in [part.rax, part.rbx, part.rcx, part.rdx] {
                name.extend_from_slice(&low(register).to_le_bytes());
            }
        }
        assert_eq!(name.len(), 48);
        let text = String::from_utf8(name).unwrap();
        assert_eq!(text.trim_end_matches('\0'), "a processor");
    }

    #[test]
    fn every_errno_is_an_error() {
        assert_eq!(result_of_call(0), Ok(()));
        assert_eq!(result_of_call((-1_i64).cast_unsigned()), Err(Errno::EPERM));
        assert_eq!(result_of_call((-9_i64).cast_unsigned()), Err(Errno::EBADF));
        assert_eq!(
            result_of_call((-19_i64).cast_unsigned()),
            Err(Errno::ENODEV)
        );
    }
}
