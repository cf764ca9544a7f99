//! Shows and sets the times of files as a machine does whose clock is ahead.
//!
//! The kernel stamps files by its own clock. A call of the stat family is let through and stopped again at its
//! end, where the times that it gave are moved, if they lie at or after the start of the run: what is older was
//! staged with a time of its own. What a program sets is moved back before the call. So `stat`, `utimes` and the
//! shifted clock agree, as on a machine that lives that much later.
//!
//! One case has no answer: a program sets a time between the start of the run and that start on the later
//! machine. It would be shown moved, so it is a flaw.

use libc::{c_long, user_regs_struct};
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

use super::arch::{self, argument};
use super::waits::Moved;
use crate::kernel::trace;

/// A file system or a program may keep times in steps of two seconds (FAT, zip): what it was told at the start of
/// the run then reads as older by as much.
const GRAIN: i64 = 2;

/// Where the times stand that a call gives (stat(2), statx(2); the kernel's asm/stat.h and linux/stat.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    /// Before the first.
    offset: u64,
    /// How many there are, one behind the other, 16 bytes each.
    count: usize,
}

/// `st_atim`, `st_mtim` and `st_ctim` of struct stat.
const STAT: Layout = Layout {
    offset: 72,
    count: 3,
};

/// `stx_atime`, `stx_btime`, `stx_ctime` and `stx_mtime` of struct statx.
const STATX: Layout = Layout {
    offset: 64,
    count: 4,
};

/// The calls that show times, and which argument points to where they are put.
pub(crate) fn showing() -> impl Iterator<Item = (c_long, usize)> {
    let statx = (libc::SYS_statx, 4);
    arch::STATS.iter().copied().chain([statx])
}

/// The calls that set times, and which argument points to them. A null pointer means now, which the kernel knows.
pub(crate) fn setting() -> impl Iterator<Item = (c_long, usize)> {
    let utimensat = (libc::SYS_utimensat, 2);
    let older = arch::SETS.iter().map(|(number, at, _)| (*number, *at));
    older.chain([utimensat])
}

/// How a call is told times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// utimensat(2): two timespecs. Two values in the place of the nanoseconds mean now, and not at all.
    Nanoseconds,
    /// utimes(2): two timevals.
    #[cfg_attr(
        target_arch = "aarch64",
        expect(dead_code, reason = "newer architectures never got the call")
    )]
    Microseconds,
    /// utime(2): two numbers.
    #[cfg_attr(
        target_arch = "aarch64",
        expect(dead_code, reason = "newer architectures never got the call")
    )]
    Seconds,
}

impl Unit {
    /// Bytes of one time.
    fn width(self) -> usize {
        match self {
            Self::Nanoseconds | Self::Microseconds => 16,
            Self::Seconds => 8,
        }
    }

    /// Whether what lies behind the seconds says that they do not count.
    fn is_no_time(self, rest: &[u8]) -> bool {
        self == Self::Nanoseconds && [libc::UTIME_NOW, libc::UTIME_OMIT].contains(&number(rest))
    }
}

/// What times are moved by, and from when on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileTimes {
    offset: i64,
    /// In seconds since 1970.
    start: i64,
}

/// Where a call that has begun will put times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    buffer: u64,
    layout: Layout,
}

impl FileTimes {
    /// Moves them by so many seconds, if they are not older than this moment.
    pub(crate) fn starting_now(offset: i64) -> Self {
        // The kernel stamps files by this clock.
        let start = clock_gettime(ClockId::CLOCK_REALTIME_COARSE);
        let start = start.map_or(i64::MAX, |now| now.tv_sec() - GRAIN);
        Self { offset, start }
    }

    /// A call that will show times.
    pub(crate) fn shown(&self, registers: &user_regs_struct) -> Option<Shown> {
        if self.offset == 0 {
            return None;
        }
        let number = arch::number(registers);
        let (_, at) = showing().find(|(one, _)| *one == number)?;
        let layout = if number == libc::SYS_statx {
            STATX
        } else {
            STAT
        };
        Some(Shown {
            buffer: argument(registers, at),
            layout,
        })
    }

    /// Moves what a call has shown.
    pub(crate) fn show(&self, pid: i32, shown: Shown) -> Result<(), Errno> {
        let Some(registers) = trace::registers(pid) else {
            return Ok(());
        };
        if arch::result(&registers) != 0 {
            return Ok(());
        }
        let mut bytes = [0; 64];
        let bytes = &mut bytes[..shown.layout.count * 16];
        let address = shown.buffer.wrapping_add(shown.layout.offset);
        trace::read(pid, address, bytes)?;
        let (moments, _) = bytes.as_chunks_mut::<16>();
        let mut is_moved = false;
        for moment in moments {
            is_moved |= self.move_ahead(moment);
        }
        if is_moved {
            trace::write(pid, address, bytes)?;
        }
        Ok(())
    }

    /// Has a call set other times than its argument says, if it sets some of the later machine's.
    pub(crate) fn set(&self, pid: i32, registers: &mut user_regs_struct) -> Result<Setting, Errno> {
        let number = arch::number(registers);
        let Some((_, at)) = setting().find(|(one, _)| *one == number) else {
            return Ok(Setting::Nothing);
        };
        let older = arch::SETS.iter().find(|(one, ..)| *one == number);
        let unit = older.map_or(Unit::Nanoseconds, |(_, _, unit)| *unit);
        let address = argument(registers, at);
        let mut bytes = [0; 32];
        let bytes = &mut bytes[..2 * unit.width()];
        if self.offset == 0 || address == 0 || trace::read(pid, address, bytes).is_err() {
            // The call itself will say so.
            return Ok(Setting::Nothing);
        }
        match self.move_all_back(bytes, unit) {
            Back::AsTheyAre => Ok(Setting::Nothing),
            Back::Moved => Moved::point(pid, registers, at, bytes).map(Setting::Moved),
            Back::Unanswerable => Ok(Setting::Unanswerable),
        }
    }

    fn move_ahead(&self, moment: &mut [u8; 16]) -> bool {
        let (seconds, _) = moment.split_at_mut(8);
        let second = number(seconds);
        let is_new = second >= self.start;
        if is_new {
            let moved = second.saturating_add(self.offset);
            seconds.copy_from_slice(&moved.to_ne_bytes());
        }
        is_new
    }

    fn move_all_back(&self, bytes: &mut [u8], unit: Unit) -> Back {
        let mut back = Back::AsTheyAre;
        for moment in bytes.chunks_exact_mut(unit.width()) {
            let (seconds, rest) = moment.split_at_mut(8);
            let second = number(seconds);
            if second < self.start || unit.is_no_time(rest) {
                continue;
            }
            let moved = second.saturating_sub(self.offset);
            if moved < self.start {
                return Back::Unanswerable;
            }
            seconds.copy_from_slice(&moved.to_ne_bytes());
            back = Back::Moved;
        }
        back
    }
}

/// What is to become of times that are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    AsTheyAre,
    Moved,
    Unanswerable,
}

/// What became of a call that sets times.
pub(crate) enum Setting {
    /// It is another call, or its times are no later machine's.
    Nothing,
    /// It sets moved ones.
    Moved(Moved),
    /// No time that it could set would be shown as this one.
    Unanswerable,
}

fn number(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;
    const TIMES: FileTimes = FileTimes {
        offset: 400 * DAY,
        start: 1_000_000_000,
    };
    const LATER: i64 = TIMES.start + TIMES.offset;

    fn bytes(numbers: &[i64]) -> Vec<u8> {
        numbers.iter().flat_map(|one| one.to_ne_bytes()).collect()
    }

    #[test]
    fn a_time_is_shown_moved_from_the_start_of_the_run_on() {
        for (second, expected) in [
            (0, 0),
            (TIMES.start - 1, TIMES.start - 1),
            (TIMES.start, LATER),
            (TIMES.start + 7, LATER + 7),
        ] {
            let mut moment = [0xff; 16];
            moment[..8].copy_from_slice(&second.to_ne_bytes());
            assert_eq!(TIMES.move_ahead(&mut moment), second != expected);
            assert_eq!(number(&moment[..8]), expected);
            assert_eq!(moment[8..], [0xff; 8]);
        }
    }

    #[test]
    fn what_is_set_is_what_is_shown() {
        for second in [0, 1, TIMES.start - 1, LATER, LATER + 7] {
            let mut set = bytes(&[second, 5, second, 6]);
            TIMES.move_all_back(&mut set, Unit::Nanoseconds);
            let (moments, _) = set.as_chunks_mut::<16>();
            for moment in moments {
                TIMES.move_ahead(moment);
                assert_eq!(number(&moment[..8]), second);
            }
        }
    }

    #[test]
    fn a_time_that_could_not_be_shown_is_told() {
        let told = |second| TIMES.move_all_back(&mut bytes(&[0, 0, second, 0]), Unit::Microseconds);
        assert_eq!(told(TIMES.start), Back::Unanswerable);
        assert_eq!(told(LATER - 1), Back::Unanswerable);
        assert_eq!(told(LATER), Back::Moved);
    }

    #[test]
    fn now_and_not_at_all_are_no_times() {
        for word in [libc::UTIME_NOW, libc::UTIME_OMIT] {
            let mut set = bytes(&[LATER, word, LATER, word]);
            let before = set.clone();
            let back = TIMES.move_all_back(&mut set, Unit::Nanoseconds);
            assert_eq!((back, set), (Back::AsTheyAre, before));
        }
        let mut seconds = bytes(&[LATER, LATER]);
        assert_eq!(
            TIMES.move_all_back(&mut seconds, Unit::Seconds),
            Back::Moved
        );
        assert_eq!(seconds, bytes(&[TIMES.start; 2]));
    }
}
