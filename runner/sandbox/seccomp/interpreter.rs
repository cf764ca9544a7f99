//! A classic BPF machine, to ask the program what it would do, and the questions.

use libc::sock_filter;
use proptest::prelude::*;
use zwieback_model::sandbox_spec::tracing::Tracing;

use super::arch::{self, AUDIT_ARCH};
use super::program::program;
use super::rules::{RULES, Rule, TRACING, Verdict, YOUNGEST};

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;

/// What a filter sees of a call.
pub(crate) struct Call {
    pub(crate) architecture: u32,
    pub(crate) number: u32,
    pub(crate) arguments: [u64; 6],
}

fn word(call: &Call, offset: u32) -> u32 {
    match offset {
        0 => call.number,
        4 => call.architecture,
        _ => {
            let at = (offset - 16) as usize;
            let argument = call.arguments[at / 8];
            u32::try_from(if at.is_multiple_of(8) {
                argument & 0xFFFF_FFFF
            } else {
                argument >> 32
            })
            .unwrap()
        }
    }
}

/// What a program says to a call.
pub(crate) fn execute(program: &[sock_filter], call: &Call) -> u32 {
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let step = program[at];
        let skip = |test: bool| usize::from(if test { step.jt } else { step.jf });
        at += 1;
        match u32::from(step.code) {
            0x20 => accumulator = word(call, step.k),
            0x54 => accumulator &= step.k,
            0x06 => return step.k,
            0x15 => at += skip(accumulator == step.k),
            0x35 => at += skip(accumulator >= step.k),
            0x25 => at += skip(accumulator > step.k),
            0x45 => at += skip(accumulator & step.k != 0),
            other => panic!("operation {other:#x}"),
        }
    }
}

fn answer(number: u32, arguments: [u64; 6]) -> u32 {
    let architecture = AUDIT_ARCH;
    execute(
        program(Tracing::Refused).instructions(),
        &Call {
            architecture,
            number,
            arguments,
        },
    )
}

fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number.cast_unsigned()
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).unwrap()
}

fn rule_of(number: u32) -> Option<Verdict> {
    if number >= YOUNGEST {
        return Some(Verdict::Errno(libc::ENOSYS));
    }
    let mut rules = RULES.iter().chain(arch::RULES.iter());
    let rule = rules.find(|rule: &&Rule| rule.number == number);
    rule.map(|rule| rule.verdict)
}

/// What a rule means, told without a program.
fn meaning(verdict: Option<Verdict>, arguments: [u64; 6]) -> u32 {
    let Some(verdict) = verdict else {
        return ALLOW;
    };
    let low = |argument: u8| u32::try_from(arguments[usize::from(argument)] & 0xFFFF_FFFF).unwrap();
    let deny = |denied: bool, number| if denied { errno(number) } else { ALLOW };
    match verdict {
        Verdict::Errno(number) => errno(number),
        Verdict::Bits { argument, bits } => deny(low(argument) & bits != 0, libc::EPERM),
        Verdict::CreatedMode { flags, mode } => {
            let creates = low(flags) & (0o100 | 0o20_000_000) != 0;
            deny(creates && low(mode) & 0o6000 != 0, libc::EPERM)
        }
        Verdict::AnyOf { argument, values } => deny(values.contains(&low(argument)), libc::EPERM),
        Verdict::PidOne { argument } => deny(low(argument) == 1, libc::EPERM),
        Verdict::PriorityOf { user } => deny(low(0) == user || low(1) == 1, libc::EPERM),
        Verdict::Socket => match low(0) {
            1 => ALLOW,
            16 => deny(low(2) != 0, libc::EPROTONOSUPPORT),
            2 | 10 => deny(![0, 6, 17].contains(&low(2)), libc::EPROTONOSUPPORT),
            _ => errno(libc::EAFNOSUPPORT),
        },
    }
}

#[test]
fn the_program_is_small_and_ends() {
    let program = program(Tracing::Refused).instructions();
    assert!(program.len() < 200, "{}", program.len());
    // Jumps go forward only, so that every path ends at the last return.
    for (at, step) in program.iter().enumerate() {
        let reach = match u32::from(step.code) {
            0x15 | 0x25 | 0x35 | 0x45 => usize::from(step.jt.max(step.jf)),
            _ => 0,
        };
        assert!(
            at + reach < program.len() - usize::from(reach > 0),
            "instruction {at}"
        );
    }
}

#[test]
fn foreign_abis_are_refused() {
    let program = program(Tracing::Refused).instructions();
    for architecture in [0x4000_0003, 0, u32::MAX] {
        let call = Call {
            architecture,
            number: 0,
            arguments: [0; 6],
        };
        assert_eq!(execute(program, &call), KILL);
    }
    for number in [0x4000_0000, 0x4000_0001, 0x4000_0208, u32::MAX] {
        assert_eq!(answer(number, [0; 6]), errno(libc::ENOSYS));
    }
}

#[test]
fn every_number_is_judged_by_its_rule() {
    let interesting = [
        0,
        0o4755,
        0o2755,
        0o644,
        1,
        2,
        3,
        10,
        16,
        17,
        40,
        0x5412,
        0x541C,
        0x5423,
        0x1000_0000,
    ];
    for number in 0..1000 {
        for value in interesting {
            let arguments = [value; 6];
            assert_eq!(
                answer(number, arguments),
                meaning(rule_of(number), arguments),
                "call {number}, arguments {value:#x}"
            );
        }
    }
}

/// The list is written by hand and shares nothing with the rules: a rule that is lost or changed shows here.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_program_answers_as_the_list_that_knows_no_rules() {
    use super::answers::{BY_ARGUMENT, REFUSED};
    let expected = |errno: i32| {
        if errno == 0 {
            ALLOW
        } else {
            self::errno(errno)
        }
    };
    for (number, errno, name) in REFUSED {
        for arguments in [[0; 6], [u64::MAX; 6]] {
            assert_eq!(answer(number, arguments), expected(errno), "{name}");
        }
    }
    for (number, name, arguments, errno) in BY_ARGUMENT {
        assert_eq!(
            answer(number, arguments),
            expected(errno),
            "{name} {arguments:?}"
        );
    }
    let is_listed = |number: u32| {
        REFUSED.iter().any(|(listed, ..)| *listed == number)
            || BY_ARGUMENT.iter().any(|(listed, ..)| *listed == number)
    };
    for number in (0..468).filter(|number| !is_listed(*number)) {
        assert_eq!(
            answer(number, [u64::MAX; 6]),
            ALLOW,
            "call {number} is on no list"
        );
    }
    for number in [468, 500, 0x3FFF_FFFF] {
        assert_eq!(
            answer(number, [0; 6]),
            self::errno(38),
            "call {number} is younger"
        );
    }
}

#[test]
fn high_bits_do_not_pass_a_filter() {
    let typed = [0, 0x1_0000_5412, 0, 0, 0, 0];
    assert_eq!(answer(number(libc::SYS_ioctl), typed), errno(libc::EPERM));
    let setuid = [0, 0xFFFF_FFFF_0000_0DED, 0, 0, 0, 0];
    assert_eq!(answer(number(libc::SYS_fchmod), setuid), errno(libc::EPERM));
}

#[test]
fn a_mode_counts_only_where_a_file_is_created() {
    let call = number(libc::SYS_openat);
    let create = libc::O_CREAT.unsigned_abs().into();
    assert_eq!(answer(call, [0, 0, 0, 0o4755, 0, 0]), ALLOW);
    assert_eq!(
        answer(call, [0, 0, create, 0o4755, 0, 0]),
        errno(libc::EPERM)
    );
    let unnamed = libc::O_TMPFILE.unsigned_abs().into();
    assert_eq!(
        answer(call, [0, 0, unnamed, 0o2755, 0, 0]),
        errno(libc::EPERM)
    );
    assert_eq!(answer(call, [0, 0, create, 0o755, 0, 0]), ALLOW);
}

#[test]
fn a_recipe_that_traces_gets_the_calls_of_tracing_and_no_other() {
    let judge = |tracing, number| {
        let call = Call {
            architecture: AUDIT_ARCH,
            number,
            arguments: [0; 6],
        };
        execute(program(tracing).instructions(), &call)
    };
    for rule in RULES {
        let is_freed = TRACING.contains(&rule.number.into());
        let expected = if is_freed {
            ALLOW
        } else {
            judge(Tracing::Refused, rule.number)
        };
        assert_eq!(
            judge(Tracing::Needed, rule.number),
            expected,
            "{}",
            rule.number
        );
        assert!(!is_freed || judge(Tracing::Refused, rule.number) != ALLOW);
    }
}

proptest! {
    #[test]
    fn program_and_rules_agree(number in 0_u32..600, arguments: [u64; 6]) {
        prop_assert_eq!(answer(number, arguments), meaning(rule_of(number), arguments));
    }
}
