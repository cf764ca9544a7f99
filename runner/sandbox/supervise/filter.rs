//! The seccomp program of a step under supervision: which calls stop, judged by their arguments.

use libc::{
    BPF_ALU, BPF_AND, BPF_JEQ, BPF_JSET, BPF_K, BPF_RET, SECCOMP_RET_TRACE, c_long, sock_filter,
};
use zwieback_model::sandbox_spec::identity::Entropy;

use super::arch;
use super::clock::WALL;
use super::file_times;
use super::shift::Shift;
use super::waits::SYS_FUTEX_WAIT;
use crate::seccomp::instruction::{ALLOW, NUMBER, jump, load, load_argument, statement};

/// What an argument must be for the call to stop. A call stops if all its conditions hold.
#[derive(Clone, Copy)]
enum Condition {
    /// A clock that tells the wall time.
    Wall(u8),
    /// `TIMER_ABSTIME` or `TFD_TIMER_ABSTIME`: both are 1.
    Absolute(u8),
    /// The operation of a futex whose deadline is a moment of the wall clock.
    FutexOperation(u8),
    /// A pointer to something.
    Given(u8),
}

/// The program. The kernel runs it only for the numbers it names: the others it knows to be
/// allowed in any case (Linux 5.11).
pub(crate) fn program(shift: Shift) -> Vec<sock_filter> {
    let mut code = vec![load(NUMBER)];
    if shift.clock != 0 {
        watch_clock(&mut code);
    }
    if shift.files != 0 {
        watch_file_times(&mut code);
    }
    if shift.memory.is_some() {
        test(&mut code, libc::SYS_sysinfo, &[]);
    }
    if shift.entropy == Entropy::Frozen {
        test(&mut code, libc::SYS_getrandom, &[]);
    }
    code.push(ALLOW);
    code
}

fn watch_clock(code: &mut Vec<sock_filter>) {
    use Condition::{Absolute, FutexOperation, Given, Wall};
    let mut rule = |number: c_long, conditions: &[Condition]| test(code, number, conditions);
    rule(libc::SYS_clock_gettime, &[Wall(0)]);
    rule(libc::SYS_gettimeofday, &[]);
    if let Some(number) = arch::SYS_TIME {
        rule(number, &[]);
    }
    rule(libc::SYS_futex, &[Given(3), FutexOperation(1)]);
    rule(libc::SYS_futex_waitv, &[Given(3), Wall(4)]);
    rule(SYS_FUTEX_WAIT, &[Given(4), Wall(5)]);
    rule(libc::SYS_clock_nanosleep, &[Wall(0), Absolute(1)]);
    rule(libc::SYS_timerfd_settime, &[Absolute(1)]);
    rule(libc::SYS_timer_settime, &[Absolute(1)]);
    rule(libc::SYS_mq_timedsend, &[Given(4)]);
    rule(libc::SYS_mq_timedreceive, &[Given(4)]);
}

fn watch_file_times(code: &mut Vec<sock_filter>) {
    for (number, _) in file_times::showing() {
        test(code, number, &[]);
    }
    for (number, argument) in file_times::setting() {
        let argument = u8::try_from(argument).expect("invariant: there are six arguments");
        test(code, number, &[Condition::Given(argument)]);
    }
}

const STOP: sock_filter = statement(BPF_RET | BPF_K, SECCOMP_RET_TRACE);

/// Stops the call of this number if all conditions hold; other numbers go on behind.
fn test(code: &mut Vec<sock_filter>, number: c_long, conditions: &[Condition]) {
    let mut body = Vec::new();
    for condition in conditions {
        // Each ends with a jump over the next instruction if it holds, which is a way out.
        body.extend(condition.test());
        body.push(ALLOW);
    }
    body.push(STOP);
    let number = u32::try_from(number).expect("invariant: call numbers are small");
    let len = u8::try_from(body.len()).expect("invariant: a rule is short");
    code.push(jump(BPF_JEQ, number, 0, len));
    code.extend(body);
}

impl Condition {
    /// Skips one instruction if the condition holds.
    fn test(self) -> Vec<sock_filter> {
        match self {
            Self::Wall(argument) => {
                let mut code = vec![load_argument(argument)];
                for (clock, left) in WALL.into_iter().zip((0..WALL.len()).rev()) {
                    let left = u8::try_from(left).expect("invariant: four clocks");
                    code.push(jump(BPF_JEQ, clock, left + 1, 0));
                }
                code
            }
            Self::Absolute(argument) => vec![load_argument(argument), jump(BPF_JSET, 1, 1, 0)],
            Self::FutexOperation(argument) => futex(argument),
            Self::Given(argument) => vec![
                load_argument(argument),
                jump(BPF_JEQ, 0, 0, 3),
                load_upper(argument),
                jump(BPF_JEQ, 0, 0, 1),
            ],
        }
    }
}

/// futex(2): with `FUTEX_CLOCK_REALTIME` a deadline is absolute, except that of `FUTEX_WAIT`;
/// `FUTEX_LOCK_PI` knows no other clock.
fn futex(argument: u8) -> Vec<sock_filter> {
    let command = !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME).cast_unsigned();
    let and = statement(BPF_ALU | BPF_AND | BPF_K, command);
    let (wait, lock) = (libc::FUTEX_WAIT, libc::FUTEX_LOCK_PI);
    vec![
        load_argument(argument),
        jump(BPF_JSET, libc::FUTEX_CLOCK_REALTIME.cast_unsigned(), 0, 2),
        and,
        jump(BPF_JEQ, wait.cast_unsigned(), 2, 3),
        and,
        jump(BPF_JEQ, lock.cast_unsigned(), 1, 0),
    ]
}

/// The upper half of an argument; both architectures are little-endian.
fn load_upper(argument: u8) -> sock_filter {
    let lower = load_argument(argument);
    sock_filter {
        k: lower.k + 4,
        ..lower
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::arch::AUDIT_ARCH;
    use crate::seccomp::interpreter::{Call, execute};

    const POINTER: u64 = 0x7fff_0000_0000;
    const REALTIME: u64 = 256;
    const PRIVATE: u64 = 128;

    fn stops(number: c_long, arguments: [u64; 6]) -> bool {
        let shift = Shift {
            clock: 1,
            ..Shift::default()
        };
        stops_under(shift, number, arguments)
    }

    fn stops_under(shift: Shift, number: c_long, arguments: [u64; 6]) -> bool {
        let call = Call {
            architecture: AUDIT_ARCH,
            number: u32::try_from(number).unwrap(),
            arguments,
        };
        match execute(&program(shift), &call) {
            SECCOMP_RET_TRACE => true,
            libc::SECCOMP_RET_ALLOW => false,
            other => panic!("{other:#x}"),
        }
    }

    #[test]
    fn wall_clocks_stop_and_others_do_not() {
        for clock in 0..=11 {
            let is_wall = matches!(clock, 0 | 5 | 8 | 11);
            let read = [clock, POINTER, 0, 0, 0, 0];
            assert_eq!(stops(libc::SYS_clock_gettime, read), is_wall, "{clock}");
            for flags in [0, 1] {
                let wait = [clock, flags, POINTER, 0, 0, 0];
                let expected = is_wall && flags == 1;
                assert_eq!(stops(libc::SYS_clock_nanosleep, wait), expected, "{clock}");
            }
        }
        // The kernel ignores the upper half of an int.
        assert!(stops(
            libc::SYS_clock_gettime,
            [1 << 32, POINTER, 0, 0, 0, 0]
        ));
        assert!(!stops(libc::SYS_clock_getres, [0, POINTER, 0, 0, 0, 0]));
        assert!(stops(libc::SYS_gettimeofday, [POINTER, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn times_of_files_stop_where_they_are_shown_or_given() {
        let shift = Shift {
            files: 1,
            ..Shift::default()
        };
        let call = [POINTER, POINTER, POINTER, 0, POINTER, 0];
        for (number, _) in file_times::showing().chain(file_times::setting()) {
            assert!(stops_under(shift, number, call), "{number}");
            assert!(!stops(number, call), "{number}");
        }
        for (number, _) in file_times::setting() {
            assert!(!stops_under(shift, number, [7, 0, 0, 0, 0, 0]), "{number}");
        }
        assert!(!stops_under(shift, libc::SYS_gettimeofday, call));
    }

    #[test]
    fn random_bytes_stop_when_they_are_frozen() {
        let drawn = [POINTER, 16, 0, 0, 0, 0];
        assert!(!stops(libc::SYS_getrandom, drawn));
        let frozen = Shift {
            entropy: Entropy::Frozen,
            ..Shift::default()
        };
        assert!(stops_under(frozen, libc::SYS_getrandom, drawn));
        let read = [0, POINTER, 0, 0, 0, 0];
        assert!(!stops_under(frozen, libc::SYS_clock_gettime, read));
    }

    #[test]
    fn only_deadlines_of_futexes_stop() {
        let futex =
            |operation, deadline| stops(libc::SYS_futex, [POINTER, operation, 0, deadline, 0, 0]);
        for (command, expected) in [(0, false), (6, true), (9, true), (11, true), (13, true)] {
            assert_eq!(futex(command | PRIVATE | REALTIME, POINTER), expected);
            assert_eq!(futex(command, POINTER), command == 6);
            assert!(!futex(command | REALTIME, 0), "there is no deadline");
        }
        assert!(futex(9 | REALTIME, 1 << 32), "the lower half alone is zero");
    }

    #[test]
    fn timers_stop_when_they_are_absolute() {
        for number in [libc::SYS_timerfd_settime, libc::SYS_timer_settime] {
            assert!(stops(number, [3, 1, POINTER, 0, 0, 0]));
            assert!(stops(number, [3, 3, POINTER, 0, 0, 0]));
            assert!(!stops(number, [3, 2, POINTER, 0, 0, 0]));
        }
        assert!(stops(libc::SYS_mq_timedsend, [3, 0, 0, 0, POINTER, 0]));
        assert!(!stops(libc::SYS_mq_timedreceive, [3, 0, 0, 0, 0, 0]));
    }
}
