//! No terminal, no descriptor of the caller, and nothing on the standard input.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;

use nix::errno::Errno::{self, EACCES, ENOENT, ENOTTY, ENXIO, EPERM};
use nix::fcntl::OFlag;

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
    ("terminal_pairs_are_the_sandbox's_own", |world| {
        assert_eq!(world.attempt("terminal-pair", &[]), "did /dev/pts/0\n");
    }),
    ("terminal_pairs_are_not_all_of_the_machine", |world| {
        assert_eq!(world.attempt("terminal-pair", &["all"]), "did 64 ENOSPC\n");
    }),
    ("terminal_streams_can_be_opened_anew", |world| {
        let said = world.attempt("reopen-streams", &[]);
        assert_eq!(said, "one\ntwo\nthree\ndid reopened\n");
    }),
    ("terminal_home_is_there", |world| {
        assert_eq!(world.attempt("home", &[]), "did /tmp/home\n");
    }),
];

fn ioctl(request: i64) -> Attempt {
    let byte = [0_u8];
    just(libc::SYS_ioctl, &[0, request, byte.as_ptr() as i64])
}

fn open(path: &str) -> Attempt {
    io(std::fs::File::open(path)).map(|_| "opened".to_owned())
}

/// Inside: opens a pseudo-terminal, and says the name of the first.
pub(crate) fn pair(which: &[&str]) -> Attempt {
    use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
    if which == ["all"] {
        return all_pairs();
    }
    let ours = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname_r(&ours)?;
    let mut options = std::fs::File::options();
    options.read(true).write(true).custom_flags(libc::O_NOCTTY);
    let mut theirs = io(options.open(&name))?;
    io(theirs.write_all(b"hello\n"))?;
    let mut said = [0; 7];
    nix::unistd::read(&ours, &mut said)?;
    assert_eq!(&said, b"hello\r\n");
    Ok(name)
}

/// Inside: writes to the streams by their names.
pub(crate) fn reopen() -> Attempt {
    for (path, word) in [
        ("/dev/stdout", "one\n"),
        ("/dev/stderr", "two\n"),
        ("/proc/self/fd/1", "three\n"),
    ] {
        let mut stream = io(std::fs::File::options().append(true).open(path))?;
        io(stream.write_all(word.as_bytes()))?;
    }
    Ok("reopened".to_owned())
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
    let standard = zwieback_model::sandbox_spec::environment::standard("build");
    let names: Vec<&str> = standard.keys().map(String::as_str).collect();
    assert_eq!(said, format!("did {}\n", names.join(" ")));
}

/// Inside: takes as many pseudo-terminals as there are.
fn all_pairs() -> Attempt {
    let mut held = Vec::new();
    loop {
        match nix::pty::posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY) {
            Ok(terminal) => held.push(terminal),
            Err(errno) => return Ok(format!("{} {errno:?}", held.len())),
        }
    }
}
