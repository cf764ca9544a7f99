//! No terminal, no descriptor of the caller, and nothing on the standard input.

use std::os::fd::AsRawFd as _;

use nix::errno::Errno::{self, EACCES, ENOENT, ENOTTY, ENXIO, EPERM};

use crate::attempt::{Attempt, Forbidden, all_fail, io, just};
use crate::harness::Trial;
use crate::world::World;

const NO: &[Errno] = &[EPERM];

/// Attempts that must fail.
pub(crate) const FORBIDDEN: &[Forbidden] = &[
    ("tiocsti", || ioctl(0x5412), NO),
    (
        "tiocsti-high-bits",
        || ioctl(0xFFFF_FFFF_0000_5412_u64.cast_signed()),
        NO,
    ),
    ("tioclinux", || ioctl(0x541C), NO),
    ("tioclinux-high-bits", || ioctl(0x1_0000_541C), NO),
    ("tiocsctty", || ioctl(0x540E), &[ENOTTY, EPERM]),
    ("dev-tty", || open("/dev/tty"), &[ENOENT, ENXIO, EACCES]),
    (
        "dev-console",
        || open("/dev/console"),
        &[ENOENT, ENXIO, EACCES],
    ),
    ("dev-ptmx", || open("/dev/ptmx"), &[ENOENT, ENXIO, EACCES]),
    ("dev-tty1", || open("/dev/tty1"), &[ENOENT, ENXIO, EACCES]),
];

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("terminal_is_out_of_reach", |world| {
        all_fail(world, FORBIDDEN);
    }),
    ("terminal_descriptors_of_the_caller_are_closed", planted),
    ("terminal_input_is_the_sandbox's_own_null", |world| {
        assert_eq!(world.attempt("null", &[]), "did same\n");
    }),
    ("terminal_input_is_empty", |world| {
        assert_eq!(world.attempt("input", &[]), "did 0 bytes\n");
    }),
    ("terminal_step_leads_its_own_session", |world| {
        assert_eq!(world.attempt("session", &[]), "did leader\n");
    }),
    ("terminal_environment_is_the_spec's", environment),
];

fn ioctl(request: i64) -> Attempt {
    let byte = [0_u8];
    just(libc::SYS_ioctl, &[0, request, byte.as_ptr() as i64])
}

fn open(path: &str) -> Attempt {
    io(std::fs::File::open(path)).map(|_| "opened".to_owned())
}

fn planted(world: &World) {
    let file = std::fs::File::open("/etc/passwd").unwrap();
    // A library that forgets O_CLOEXEC.
    let leaked = nix::unistd::dup(&file).unwrap();
    assert!(leaked.as_raw_fd() > 2);
    assert_eq!(world.attempt("descriptors", &[]), "did 0 1 2\n");
    drop(leaked);
}

fn environment(world: &World) {
    let said = world.attempt("environment", &[]);
    let standard = zwieback_core::sandbox_spec::environment::standard("build");
    let names: Vec<&str> = standard.keys().map(String::as_str).collect();
    assert_eq!(said, format!("did {}\n", names.join(" ")));
}
