//! Moves deadlines of the shifted wall clock to the kernel's.
//!
//! The deadline lies in memory that may be constant or another thread's as well, and a call that
//! is made anew reads it again. It is therefore left as it is: the kernel is pointed to a moved
//! copy below the stack, which it reads before it waits, and when the call ends the register
//! points to the original again, as the ABI promises and as a restarted call needs.

use std::fs;

use libc::{c_long, user_regs_struct};
use nix::errno::Errno;

use super::arch::{self, argument};
use super::clock;
use crate::kernel::trace;

/// `futex_wait` of Linux 6.7, newer than the libc crate.
pub(crate) const SYS_FUTEX_WAIT: c_long = 455;

/// An argument that points elsewhere while a call lasts.
#[derive(Clone, Copy)]
pub(crate) struct Moved {
    argument: usize,
    original: u64,
}

/// Where a call finds its deadline.
#[derive(Clone, Copy)]
struct Place {
    /// Which argument points to it.
    argument: usize,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Shape {
    /// A timespec.
    Moment,
    /// An itimerspec: the interval, then the moment.
    Timer,
}

/// Moves the deadline of the call that `pid` is about to make. `None` if it has none.
pub(crate) fn begin(
    pid: i32,
    registers: &mut user_regs_struct,
    offset: i64,
) -> Result<Option<Moved>, Errno> {
    let Some(place) = place(pid, registers) else {
        return Ok(None);
    };
    let original = argument(registers, place.argument);
    let mut bytes = [0; 32];
    let bytes = match place.shape {
        Shape::Moment => &mut bytes[..16],
        Shape::Timer => &mut bytes[..],
    };
    if original == 0 || trace::read(pid, original, bytes).is_err() {
        // The call itself will say so.
        return Ok(None);
    }
    if let Some((_, moment)) = bytes.split_last_chunk_mut() {
        move_back(moment, offset);
    }
    Moved::point(pid, registers, place.argument, bytes).map(Some)
}

impl Moved {
    /// Has an argument point to a copy below the stack.
    pub(crate) fn point(
        pid: i32,
        registers: &mut user_regs_struct,
        at: usize,
        bytes: &[u8],
    ) -> Result<Self, Errno> {
        let original = argument(registers, at);
        let copy = (arch::stack(registers).wrapping_sub(arch::RED_ZONE + 64)) & !15;
        trace::write(pid, copy, bytes)?;
        arch::set_argument(registers, at, copy);
        trace::set_registers(pid, *registers);
        Ok(Self {
            argument: at,
            original,
        })
    }

    /// Points the argument to the original again.
    pub(crate) fn end(self, pid: i32) {
        if let Some(mut registers) = trace::registers(pid) {
            arch::set_argument(&mut registers, self.argument, self.original);
            trace::set_registers(pid, registers);
        }
    }
}

/// The filter has looked at all flags; what it cannot see is the clock of a timer.
fn place(pid: i32, registers: &user_regs_struct) -> Option<Place> {
    let at = |argument, shape| Some(Place { argument, shape });
    match arch::number(registers) {
        libc::SYS_futex | libc::SYS_futex_waitv => at(3, Shape::Moment),
        libc::SYS_mq_timedsend | libc::SYS_mq_timedreceive | SYS_FUTEX_WAIT => at(4, Shape::Moment),
        libc::SYS_clock_nanosleep => at(2, Shape::Moment),
        libc::SYS_timerfd_settime => {
            let path = format!("/proc/{pid}/fdinfo/{}", argument(registers, 0));
            is_wall(value_of(&path, "clockid:")?).then_some(())?;
            at(2, Shape::Timer)
        }
        libc::SYS_timer_settime => {
            is_wall(timer_clock(pid, argument(registers, 0))?).then_some(())?;
            at(2, Shape::Timer)
        }
        _ => None,
    }
}

fn is_wall(clock: i64) -> bool {
    u32::try_from(clock).is_ok_and(|clock| clock::WALL.contains(&clock))
}

fn value_of(path: &str, key: &str) -> Option<i64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().parse().ok()
}

/// proc(5): `/proc/pid/timers` lists each timer's number and, some lines later, its clock.
fn timer_clock(pid: i32, timer: u64) -> Option<i64> {
    let text = fs::read_to_string(format!("/proc/{pid}/timers")).ok()?;
    let heading = format!("ID: {timer}");
    let lines = text.lines().skip_while(|line| *line != heading);
    let line = lines
        .skip(1)
        .find_map(|line| line.strip_prefix("ClockID: "))?;
    line.trim().parse().ok()
}

/// A moment of seconds and nanoseconds. What the kernel would refuse stays what it is, and so
/// does zero, which stops a timer; what is moved to before 1970 becomes the earliest moment.
fn move_back(moment: &mut [u8; 16], offset: i64) {
    let (seconds, nanoseconds) = moment.split_at_mut(8);
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, i64::from_ne_bytes);
    let (second, nanosecond) = (number(seconds), number(nanoseconds));
    if second < 0 || (second, nanosecond) == (0, 0) {
        return;
    }
    let second = second.saturating_sub(offset);
    if second < 0 || (second, nanosecond) == (0, 0) {
        seconds.copy_from_slice(&0_i64.to_ne_bytes());
        nanoseconds.copy_from_slice(&1_i64.to_ne_bytes());
    } else {
        seconds.copy_from_slice(&second.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(second: i64, nanosecond: i64, offset: i64) -> (i64, i64) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&second.to_ne_bytes());
        bytes[8..].copy_from_slice(&nanosecond.to_ne_bytes());
        move_back(&mut bytes, offset);
        let number = |from: usize| i64::from_ne_bytes(bytes[from..from + 8].try_into().unwrap());
        (number(0), number(8))
    }

    #[test]
    fn a_moment_moves_by_the_offset() {
        assert_eq!(moved(1000, 7, 400), (600, 7));
        assert_eq!(moved(1000, 7, -400), (1400, 7));
        assert_eq!(moved(i64::MAX, 7, -400), (i64::MAX, 7));
    }

    #[test]
    fn an_early_moment_stays_one_that_has_passed() {
        assert_eq!(moved(100, 7, 400), (0, 1));
        assert_eq!(moved(400, 0, 400), (0, 1));
    }

    #[test]
    fn zero_stops_a_timer_and_nonsense_is_for_the_kernel_to_refuse() {
        assert_eq!(moved(0, 0, 400), (0, 0));
        assert_eq!(moved(-5, 7, 400), (-5, 7));
        assert_eq!(moved(1000, i64::MAX, 400), (600, i64::MAX));
    }
}
