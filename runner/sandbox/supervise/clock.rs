//! Answers the calls that read the wall clock.

use libc::user_regs_struct;
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

use super::arch::{self, argument};
use crate::kernel::trace;

/// The clocks that tell the wall time, as linux/time.h numbers them: REALTIME, `REALTIME_COARSE`,
/// `REALTIME_ALARM` and TAI.
pub(crate) const WALL: [u32; 4] = [0, 5, 8, 11];

/// The answer to a call that reads the wall clock `offset` seconds ahead, as a register holds
/// it; `None` for any other call.
pub(crate) fn answer(pid: i32, registers: &user_regs_struct, offset: i64) -> Option<i64> {
    let outcome = match arch::number(registers) {
        libc::SYS_clock_gettime => read_clock(pid, registers, offset),
        libc::SYS_gettimeofday => time_of_day(pid, registers, offset),
        number if Some(number) == arch::SYS_TIME => seconds(pid, registers, offset),
        _ => return None,
    };
    Some(outcome.unwrap_or_else(|errno| -i64::from(errno as i32)))
}

/// `clock_gettime(clock, result)`.
fn read_clock(pid: i32, registers: &user_regs_struct, offset: i64) -> Result<i64, Errno> {
    // The kernel takes an int and ignores the upper half.
    let clock = argument(registers, 0) & u64::from(u32::MAX);
    let clock = i32::try_from(clock).map_err(|_| Errno::EINVAL)?;
    let (seconds, nanoseconds) = now(ClockId::from_raw(clock), offset)?;
    put(pid, argument(registers, 1), [seconds, nanoseconds])?;
    Ok(0)
}

/// `gettimeofday(result, zone)`; either may be null.
fn time_of_day(pid: i32, registers: &user_regs_struct, offset: i64) -> Result<i64, Errno> {
    let (result, zone) = (argument(registers, 0), argument(registers, 1));
    if result != 0 {
        let (seconds, nanoseconds) = now(ClockId::CLOCK_REALTIME, offset)?;
        put(pid, result, [seconds, nanoseconds / 1000])?;
    }
    if zone != 0 {
        trace::write(pid, zone, &[0; 8])?;
    }
    Ok(0)
}

/// `time(result)`, whose result may be null.
fn seconds(pid: i32, registers: &user_regs_struct, offset: i64) -> Result<i64, Errno> {
    // The kernel answers from the coarse clock.
    let (seconds, _) = now(ClockId::CLOCK_REALTIME_COARSE, offset)?;
    let result = argument(registers, 0);
    if result != 0 {
        trace::write(pid, result, &seconds.to_ne_bytes())?;
    }
    Ok(seconds)
}

fn now(clock: ClockId, offset: i64) -> Result<(i64, i64), Errno> {
    let now = clock_gettime(clock)?;
    Ok((now.tv_sec().saturating_add(offset), now.tv_nsec()))
}

fn put(pid: i32, address: u64, words: [i64; 2]) -> Result<(), Errno> {
    let bytes = words.map(i64::to_ne_bytes);
    trace::write(pid, address, bytes.as_flattened())
}
