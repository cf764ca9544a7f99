//! The program that is asked: 200 bytes of code that know nothing but how to carry out an order.
//!
//! It is a program and no copy of this process because some of what a step finds is made when a program
//! starts: its place in memory, its auxiliary vector, the faults of its CPUID. It is this small so that it
//! starts in a tenth of a millisecond, needs no file of the toolchain, and can be read to its end.

use std::arch::global_asm;

/// The end of a stack that the kernel has not placed at random: `STACK_TOP` of asm/processor.h.
pub(crate) const STACK_END: u64 = 0x7fff_ffff_f000;

/// Where the file lies in memory; any page above `vm.mmap_min_addr` would do.
const BASE: u64 = 0x40_0000;
/// elf(5): the header of the file, and the one of its only segment.
const HEADERS: u64 = 64 + 56;

// What comes behind the code is its order (`answers::order`): the size of the report; leaves of CPUID, then
// -1; calls of six words, then -1. It writes the report to its standard output, and then its stack, page by
// page, until there is no more: write(2) tells of a page that is not there as EFAULT.
global_asm!(
    ".pushsection .rodata.zwieback_look, \"a\"",
    ".globl zwieback_look_begin",
    ".globl zwieback_look_end",
    "zwieback_look_begin:",
    "mov r12, rsp",
    "lea r14, [rip + zwieback_look_end]",
    "mov eax, [r14]",
    "add r14, 4",
    "sub rsp, rax",
    "mov r13, rsp",
    "mov [r13], r12",
    "lea r15, [r13 + 8]",
    // Each leaf of CPUID, its first part.
    "20:",
    "mov eax, [r14]",
    "add r14, 4",
    "cmp eax, -1",
    "je 30f",
    "xor ecx, ecx",
    "cpuid",
    "mov [r15], eax",
    "mov [r15 + 4], ebx",
    "mov [r15 + 8], ecx",
    "mov [r15 + 12], edx",
    "add r15, 16",
    "jmp 20b",
    // Each call: its number, three arguments, which of them is a buffer, and where that is in the report.
    "30:",
    "mov eax, [r14]",
    "cmp eax, -1",
    "je 40f",
    "mov edi, [r14 + 4]",
    "mov esi, [r14 + 8]",
    "mov edx, [r14 + 12]",
    "mov ecx, [r14 + 16]",
    "mov r8d, [r14 + 20]",
    "add r8, r13",
    "cmp ecx, 1",
    "cmove rdi, r8",
    "cmp ecx, 2",
    "cmove rsi, r8",
    "cmp ecx, 3",
    "cmove rdx, r8",
    "syscall",
    "mov [r15], rax",
    "add r15, 8",
    "add r14, 24",
    "jmp 30b",
    // The report, with `write`.
    "40:",
    "mov eax, 1",
    "mov edi, 1",
    "mov rsi, r13",
    "mov rdx, r12",
    "sub rdx, r13",
    "syscall",
    // The stack: first to the end of its page.
    "mov rsi, r12",
    "50:",
    "mov rdx, rsi",
    "neg rdx",
    "and edx, 4095",
    "jnz 60f",
    "mov edx, 4096",
    "60:",
    "mov eax, 1",
    "mov edi, 1",
    "syscall",
    "test rax, rax",
    "jle 70f",
    "add rsi, rax",
    "jmp 50b",
    // `exit_group(0)`.
    "70:",
    "mov eax, 231",
    "xor edi, edi",
    "syscall",
    "ud2",
    "zwieback_look_end:",
    ".popsection",
);

unsafe extern "C" {
    #[link_name = "zwieback_look_begin"]
    static BEGIN: [u8; 0];
    #[link_name = "zwieback_look_end"]
    static END: [u8; 0];
}

/// The file of a program that carries out an order.
pub(crate) fn image(order: &[u8]) -> Vec<u8> {
    let code = code();
    let length = HEADERS + code.len() as u64 + order.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let mut put = |bytes: &[u8]| file.extend_from_slice(bytes);
    // An executable of x86-64, where it begins, and its table of segments, which follows.
    put(&[2, 0, 62, 0, 1, 0, 0, 0]);
    for word in [BASE + HEADERS, 64, 0] {
        put(&word.to_le_bytes());
    }
    put(&[0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    // The segment: all of the file, to be read and executed.
    put(&[1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, BASE, BASE, length, length, 0x1000] {
        put(&word.to_le_bytes());
    }
    put(code);
    put(order);
    file
}

fn code() -> &'static [u8] {
    let (begin, end) = (&raw const BEGIN, &raw const END);
    // SAFETY: both stand in one section of constants, the end behind the beginning, and bytes in between
    // are never written.
    unsafe { std::slice::from_raw_parts(begin.cast(), end.addr() - begin.addr()) }
}
