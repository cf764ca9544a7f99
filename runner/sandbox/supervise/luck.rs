//! Random bytes that are the same in every run, for a diagnosis.
//!
//! Each process draws from a sequence of its own, from the start: which process comes first then
//! makes no difference, and one that tries names until one is free finds one.

use std::collections::BTreeMap;

use libc::user_regs_struct;
use nix::errno::Errno;

use super::arch::{self, argument};
use crate::kernel::trace;

/// What a call is given at most; callers ask again for the rest (getrandom(2)).
const MOST: u64 = 4096;

/// How far each process is in its sequence.
#[derive(Default)]
pub(crate) struct Luck {
    drawn: BTreeMap<i32, u64>,
}

impl Luck {
    /// Answers `getrandom(buffer, length, flags)`; `None` for any other call.
    pub(crate) fn answer(&mut self, pid: i32, registers: &user_regs_struct) -> Option<i64> {
        if arch::number(registers) != libc::SYS_getrandom {
            return None;
        }
        let length = argument(registers, 1).min(MOST);
        let bytes = self.draw(pid, length);
        Some(match trace::write(pid, argument(registers, 0), &bytes) {
            Ok(()) => length.cast_signed(),
            Err(_) => -i64::from(Errno::EFAULT as i32),
        })
    }

    /// A program that has just started, or a process that ended, draws from the start.
    pub(crate) fn forget(&mut self, pid: i32) {
        self.drawn.remove(&pid);
    }

    fn draw(&mut self, pid: i32, length: u64) -> Vec<u8> {
        let drawn = self.drawn.entry(pid).or_default();
        let bytes = (*drawn..*drawn + length).map(byte).collect();
        *drawn += length;
        bytes
    }
}

/// The sixteen bytes that the kernel gives each program for its canaries (getauxval(3)).
pub(crate) fn for_a_start() -> [u8; 16] {
    std::array::from_fn(|at| byte(at as u64))
}

/// One byte of the sequence: `SplitMix64` over its number.
fn byte(at: u64) -> u8 {
    let mut z = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let [first, ..] = (z ^ (z >> 31)).to_le_bytes();
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_draws_the_same_and_never_twice_the_same() {
        let mut luck = Luck::default();
        let first = luck.draw(7, 16);
        assert_eq!(first, luck.draw(8, 16));
        assert_ne!(first, luck.draw(7, 16));
        luck.forget(7);
        assert_eq!(first, luck.draw(7, 16));
    }
}
