//! What is read-only stays as it is, and no mode or link is a way around.

use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

use nix::errno::Errno::{self, EACCES, EFBIG, EPERM, EROFS, EXDEV};

use crate::attempt::{Attempt, Forbidden, all_fail, call, io, just, text};
use crate::harness::Trial;
use crate::world::{World, limits, run};

const READ_ONLY: &[Errno] = &[EROFS, EACCES, EPERM];
const NO: &[Errno] = &[EPERM];

/// Attempts that must fail.
pub(crate) const FORBIDDEN: &[Forbidden] = &[
    ("write-toolchain", || open("/setuid"), READ_ONLY),
    (
        "truncate-toolchain",
        || just(libc::SYS_truncate, &[text(c"/probe"), 0]),
        READ_ONLY,
    ),
    (
        "create-in-root",
        || io(fs::write("/new", "")).map(|()| String::new()),
        READ_ONLY,
    ),
    (
        "mkdir-in-root",
        || io(fs::create_dir("/etc/new")).map(|()| String::new()),
        READ_ONLY,
    ),
    (
        "remove-toolchain",
        || io(fs::remove_file("/probe")).map(|()| String::new()),
        READ_ONLY,
    ),
    ("chmod-toolchain", chmod_toolchain, READ_ONLY),
    (
        "chown-toolchain",
        || just(libc::SYS_fchownat, &[-100, text(c"/probe"), 1000, 1000, 0]),
        READ_ONLY,
    ),
    ("utimes-toolchain", utimes_toolchain, READ_ONLY),
    (
        "link-toolchain",
        || io(fs::hard_link("/probe", "/build/link")).map(|()| String::new()),
        &[EXDEV, EACCES],
    ),
    ("utimes-full", || touch(c"/dev/full"), READ_ONLY),
    ("utimes-null", || touch(c"/dev/null"), READ_ONLY),
    ("utimes-urandom", || touch(c"/dev/urandom"), READ_ONLY),
    (
        "utimes-of-an-open-zero",
        || {
            let zero = io(OpenOptions::new().read(true).write(true).open("/dev/zero"))?;
            just(libc::SYS_utimensat, &[zero.as_raw_fd().into(), 0, 0, 0])
        },
        READ_ONLY,
    ),
    (
        "chmod-null",
        || {
            let mode = fs::Permissions::from_mode(0o600);
            io(fs::set_permissions("/dev/null", mode)).map(|()| String::new())
        },
        READ_ONLY,
    ),
    ("reopen-toolchain", reopen, READ_ONLY),
    ("write-passwd", || open("/etc/passwd"), READ_ONLY),
    (
        "write-dev",
        || io(fs::write("/dev/new", "")).map(|()| String::new()),
        READ_ONLY,
    ),
    (
        "remove-null",
        || io(fs::remove_file("/dev/null")).map(|()| String::new()),
        &[EROFS, EACCES, EPERM, Errno::EBUSY],
    ),
    (
        "write-sys",
        || io(fs::create_dir("/sys/new")).map(|()| String::new()),
        READ_ONLY,
    ),
    ("chmod-setuid", || mode(libc::SYS_fchmodat, 0o4755), NO),
    ("chmod-setgid", || mode(libc::SYS_fchmodat, 0o2755), NO),
    ("fchmodat2-setuid", || mode(libc::SYS_fchmodat2, 0o4755), NO),
    ("fchmod-setuid", fchmod, NO),
    ("create-setuid", || create(0o4755), NO),
    ("create-setgid", || create(0o2755), NO),
    ("tmpfile-setuid", tmpfile, NO),
    (
        "mknod-setuid",
        || node(libc::SYS_mknodat, libc::S_IFREG | 0o4755),
        NO,
    ),
    ("mkdir-setgid", || node(libc::SYS_mkdirat, 0o2755), NO),
    ("sparse", sparse, &[EFBIG]),
    ("exec-shm", exec_shm, &[EACCES]),
];

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("writes_are_refused", writes),
    ("writes_places_are_shared_with_the_runner", places),
    ("writes_shared_memory_is_private", shared_memory),
    ("writes_toolchain_belongs_to_the_step", owners),
];

fn open(path: &str) -> Attempt {
    io(OpenOptions::new().write(true).open(path)).map(|_| "opened".to_owned())
}

/// Now, which anybody may set who may write.
fn touch(path: &'static std::ffi::CStr) -> Attempt {
    just(libc::SYS_utimensat, &[-100, text(path), 0, 0])
}

fn chmod_toolchain() -> Attempt {
    io(fs::set_permissions(
        "/probe",
        fs::Permissions::from_mode(0o777),
    ))
    .map(|()| String::new())
}

fn utimes_toolchain() -> Attempt {
    just(libc::SYS_utimensat, &[-100, text(c"/probe"), 0, 0])
}

fn reopen() -> Attempt {
    use std::os::fd::AsRawFd as _;
    // Not the running program: that would answer ETXTBSY before anything else.
    let file = io(fs::File::open("/setuid"))?;
    open(&format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn file() -> Result<(), Errno> {
    io(fs::write("/build/file", "x"))
}

fn mode(number: libc::c_long, mode: i64) -> Attempt {
    file()?;
    just(number, &[-100, text(c"/build/file"), mode, 0])
}

fn fchmod() -> Attempt {
    file()?;
    let fd = call(libc::SYS_openat, &[-100, text(c"/build/file"), 0, 0])?;
    just(
        libc::SYS_fchmod,
        &[fd, 0xFFFF_0000_0000_0000_u64.cast_signed() | 0o4755],
    )
}

fn create(mode: u32) -> Attempt {
    let mut options = OpenOptions::new();
    io(options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open("/build/special"))
    .map(|_| String::new())
}

fn tmpfile() -> Attempt {
    let flags = i64::from(libc::O_TMPFILE | libc::O_WRONLY);
    just(libc::SYS_openat, &[-100, text(c"/build"), flags, 0o4755])
}

fn node(number: libc::c_long, mode: u32) -> Attempt {
    just(number, &[-100, text(c"/build/node"), mode.into(), 0])
}

/// A file of a tebibyte would pass a quota that counts blocks, and not one that counts length.
fn sparse() -> Attempt {
    // SAFETY: SIGXFSZ is ignored, so that the call answers instead.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let file = io(fs::File::create("/build/sparse"))?;
    io(file.set_len(1 << 40)).map(|()| "grown".to_owned())
}

fn exec_shm() -> Attempt {
    io(fs::copy("/probe", "/dev/shm/probe"))?;
    io(std::process::Command::new("/dev/shm/probe").status()).map(|_| "ran".to_owned())
}

fn writes(world: &World) {
    let before = fingerprint(world);
    all_fail(world, FORBIDDEN);
    assert_eq!(fingerprint(world), before, "the toolchain was changed");
}

/// Everything about the toolchain tree that a write could change.
fn fingerprint(world: &World) -> Vec<String> {
    let mut list = Vec::new();
    let mut dirs = vec![world.toolchain()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let (mode, time) = (metadata.permissions().mode(), metadata.modified().unwrap());
            list.push(format!(
                "{} {} {mode:o} {time:?}",
                path.display(),
                metadata.len()
            ));
            if metadata.is_dir() {
                dirs.push(path);
            }
        }
    }
    list.sort();
    list
}

fn places(world: &World) {
    use nix::fcntl::{OFlag, openat};
    use nix::sys::stat::Mode;
    use zwieback_model::sandbox_spec::operation::Place;
    let mut sandbox = world.sandbox(limits());
    let owner = sandbox.owner();
    let flags = OFlag::O_CREAT | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let staged = openat(
        sandbox.place(Place::Work),
        "staged",
        flags,
        Mode::from_bits_retain(0o644),
    );
    let staged = fs::File::from(staged.expect("the runner may write to the work place"));
    std::os::unix::fs::fchown(&staged, Some(owner.uid), Some(owner.gid)).expect("fchown");
    std::io::Write::write_all(&mut &staged, b"sources").unwrap();
    let (_, said) = run(&mut sandbox, "copy", &["/build/staged", "/out/made"]);
    assert_eq!(said, "did copied\n");
    let out = sandbox.place(Place::Out).try_clone_to_owned().unwrap();
    sandbox.finish();
    let made = openat(&out, "made", OFlag::O_RDONLY, Mode::empty()).expect("the output outlives");
    let mut content = String::new();
    std::io::Read::read_to_string(&mut fs::File::from(made), &mut content).unwrap();
    assert_eq!(content, "sources");
}

fn shared_memory(world: &World) {
    let mut first = world.sandbox(limits());
    let mut second = world.sandbox(limits());
    assert_eq!(run(&mut first, "leave-in-shm", &[]).1, "did left\n");
    assert_eq!(run(&mut second, "find-in-shm", &[]).1, "did nothing\n");
}

/// Whoever runs the build: what asks for owners must give the same bytes.
fn owners(world: &World) {
    assert_eq!(world.attempt("owner", &["/probe"]), "did 1000:1000\n");
}

/// Inside: whom a file belongs to.
pub(crate) fn owner(path: &str) -> Attempt {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = io(fs::metadata(path))?;
    Ok(format!("{}:{}", metadata.uid(), metadata.gid()))
}
