//! Changes what the kernel tells a program that has not run yet: its auxiliary vector.

use nix::errno::Errno;
use zwieback_model::sandbox_spec::identity::Entropy;

use super::shift::Shift;
use super::{arch, luck};
use crate::kernel::trace;

/// elf.h. A loader skips such an entry.
const AT_IGNORE: u64 = 1;
const WORD: u64 = 8;
const PAGE: u64 = 4096;

/// Takes the vDSO, which reads the clock without a call, and the random bytes out of the vector
/// of a process that stands at `execve`, as the shift has it. A vector without them is left alone.
///
/// The stack holds the count of arguments, their addresses and a null, those of the environment
/// and a null, and then pairs of a kind and a value (System V ABI, 3.4.1).
pub(crate) fn change(pid: i32, shift: Shift) -> Result<(), Errno> {
    let stack = arch::stack(&trace::registers(pid).ok_or(Errno::ESRCH)?);
    let (_, count) = Words::from(pid, stack).next().ok_or(Errno::EFAULT)?;
    let arguments = count.saturating_add(2).saturating_mul(WORD);
    let mut words = Words::from(pid, stack.saturating_add(arguments));
    words
        .by_ref()
        .find(|(_, word)| *word == 0)
        .ok_or(Errno::EFAULT)?;
    loop {
        let (at, kind) = words.next().ok_or(Errno::EFAULT)?;
        let (_, value) = words.next().ok_or(Errno::EFAULT)?;
        match kind {
            libc::AT_NULL => return Ok(()),
            libc::AT_SYSINFO_EHDR if shift.clock != 0 => {
                trace::write(pid, at, &AT_IGNORE.to_ne_bytes())?;
            }
            libc::AT_RANDOM if shift.entropy == Entropy::Frozen => {
                trace::write(pid, value, &luck::for_a_start())?;
            }
            _ => {}
        }
    }
}

/// The words of a tracee's memory from some address on, until one cannot be read.
struct Words {
    pid: i32,
    next: u64,
    page: Vec<u8>,
    at: usize,
}

impl Words {
    fn from(pid: i32, address: u64) -> Self {
        Self {
            pid,
            next: address,
            page: Vec::new(),
            at: 0,
        }
    }

    /// Reads on to the end of a page, since the next may not be there.
    fn refill(&mut self) -> Option<()> {
        let len = usize::try_from(PAGE - self.next % PAGE).ok()?;
        self.page.resize(len, 0);
        self.at = 0;
        trace::read(self.pid, self.next, &mut self.page).ok()
    }
}

impl Iterator for Words {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.page.len() {
            self.refill()?;
        }
        let (word, _) = self.page[self.at..].split_first_chunk()?;
        let address = self.next;
        self.at += word.len();
        self.next = self.next.checked_add(WORD)?;
        Some((address, u64::from_ne_bytes(*word)))
    }
}
