//! The parts of the kernel that a build has no use for.

use nix::errno::Errno::{self, EACCES, ENOENT, ENOSYS, EOPNOTSUPP, EPERM, EROFS, ESRCH};

use zwieback_test_world::skip::skip_here;

use crate::attempt::{Attempt, Forbidden, all_fail, call, io, just, text};
use crate::harness::Trial;
use crate::world::{World, limits, run};

const NO: &[Errno] = &[EPERM];
const UNKNOWN: &[Errno] = &[ENOSYS];
const READ_ONLY: &[Errno] = &[EROFS, EACCES, ENOENT, EPERM];

/// Attempts that must fail.
pub(crate) const FORBIDDEN: &[Forbidden] = &[
    ("ptrace-me", || just(libc::SYS_ptrace, &[0, 0, 0, 0]), NO),
    (
        "ptrace-pid-one",
        || just(libc::SYS_ptrace, &[16, 1, 0, 0]),
        NO,
    ),
    (
        "vm-readv",
        || just(libc::SYS_process_vm_readv, &[1, 0, 0, 0, 0, 0]),
        NO,
    ),
    (
        "vm-writev",
        || just(libc::SYS_process_vm_writev, &[1, 0, 0, 0, 0, 0]),
        NO,
    ),
    (
        "pidfd-getfd",
        || just(libc::SYS_pidfd_getfd, &[0, 0, 0]),
        NO,
    ),
    ("kcmp", || just(libc::SYS_kcmp, &[1, 2, 0, 0, 0]), NO),
    ("keyctl", || just(libc::SYS_keyctl, &[0, -3, 1]), NO),
    (
        "add-key",
        || {
            just(
                libc::SYS_add_key,
                &[text(c"user"), text(c"x"), text(c"y"), 1, -3],
            )
        },
        NO,
    ),
    (
        "request-key",
        || just(libc::SYS_request_key, &[text(c"user"), text(c"x"), 0, -3]),
        NO,
    ),
    ("bpf", || just(libc::SYS_bpf, &[0, 0, 0]), NO),
    (
        "perf",
        || just(libc::SYS_perf_event_open, &[0, 0, -1, -1, 0]),
        NO,
    ),
    ("userfaultfd", || just(libc::SYS_userfaultfd, &[1]), NO),
    (
        "io-uring-setup",
        || just(libc::SYS_io_uring_setup, &[8, 0]),
        UNKNOWN,
    ),
    (
        "io-uring-enter",
        || just(libc::SYS_io_uring_enter, &[0, 0, 0, 0, 0]),
        UNKNOWN,
    ),
    (
        "openat2",
        || just(libc::SYS_openat2, &[0, 0, 0, 24]),
        UNKNOWN,
    ),
    (
        "memfd",
        || just(libc::SYS_memfd_create, &[text(c"x"), 0]),
        UNKNOWN,
    ),
    (
        "memfd-secret",
        || just(libc::SYS_memfd_secret, &[0]),
        UNKNOWN,
    ),
    ("fanotify", || just(libc::SYS_fanotify_init, &[0, 0]), NO),
    (
        "init-module",
        || just(libc::SYS_init_module, &[0, 0, 0]),
        NO,
    ),
    (
        "finit-module",
        || just(libc::SYS_finit_module, &[0, 0, 0]),
        NO,
    ),
    (
        "delete-module",
        || just(libc::SYS_delete_module, &[0, 0]),
        NO,
    ),
    ("kexec", || just(libc::SYS_kexec_load, &[0, 0, 0, 0]), NO),
    (
        "kexec-file",
        || just(libc::SYS_kexec_file_load, &[0, 0, 0, 0, 0]),
        NO,
    ),
    (
        "reboot",
        || just(libc::SYS_reboot, &[0xfee1_dead, 672_274_793, 0, 0]),
        NO,
    ),
    (
        "swapon",
        || just(libc::SYS_swapon, &[text(c"/build/x"), 0]),
        NO,
    ),
    (
        "swapoff",
        || just(libc::SYS_swapoff, &[text(c"/build/x")]),
        NO,
    ),
    ("quotactl", || just(libc::SYS_quotactl, &[0, 0, 0, 0]), NO),
    ("acct", || just(libc::SYS_acct, &[0]), NO),
    ("syslog", || just(libc::SYS_syslog, &[3, 0, 0]), NO),
    ("kmsg", || open("/dev/kmsg"), READ_ONLY),
    ("mem", || open("/dev/mem"), READ_ONLY),
    ("fuse", || open("/dev/fuse"), READ_ONLY),
    ("kvm", || open("/dev/kvm"), READ_ONLY),
    ("settime", || just(libc::SYS_clock_settime, &[0, 0]), NO),
    ("settimeofday", || just(libc::SYS_settimeofday, &[0, 0]), NO),
    ("adjtimex", || just(libc::SYS_adjtimex, &[0]), NO),
    (
        "sethostname",
        || just(libc::SYS_sethostname, &[text(c"x"), 1]),
        NO,
    ),
    (
        "setdomainname",
        || just(libc::SYS_setdomainname, &[text(c"x"), 1]),
        NO,
    ),
    ("vhangup", || just(libc::SYS_vhangup, &[]), NO),
    ("sysrq", || write("/proc/sysrq-trigger"), READ_ONLY),
    (
        "core-pattern",
        || write("/proc/sys/kernel/core_pattern"),
        READ_ONLY,
    ),
    ("modprobe", || write("/proc/sys/kernel/modprobe"), READ_ONLY),
    (
        "drop-caches",
        || write("/proc/sys/vm/drop_caches"),
        READ_ONLY,
    ),
    (
        "last-pid",
        || write("/proc/sys/kernel/ns_last_pid"),
        READ_ONLY,
    ),
    (
        "domainname",
        || write("/proc/sys/kernel/domainname"),
        READ_ONLY,
    ),
    ("lower-oom-score", lower_oom_score, &[EACCES, EPERM]),
    ("raise-limits", raise_limits, NO),
    (
        "nice",
        || just(libc::SYS_setpriority, &[0, 0, -5]),
        &[EPERM, EACCES],
    ),
    ("capset", capset, NO),
    ("keep-caps", || just(libc::SYS_prctl, &[28, 0, 0, 0, 0]), NO),
    ("setxattr", || xattr(libc::SYS_setxattr), &[EOPNOTSUPP]),
    ("lsetxattr", || xattr(libc::SYS_lsetxattr), &[EOPNOTSUPP]),
    (
        "setxattrat",
        || just(463, &[-100, text(c"/build"), 0, text(c"user.x"), 0, 16]),
        &[EOPNOTSUPP],
    ),
    ("getxattr", || xattr(libc::SYS_getxattr), &[EOPNOTSUPP]),
    ("x32", x32, UNKNOWN),
    (
        "signal-pid-one-out",
        || just(libc::SYS_kill, &[0x7fff_0000, 9]),
        &[ESRCH],
    ),
    (
        "move-pages",
        || just(libc::SYS_move_pages, &[1, 0, 0, 0, 0, 0]),
        NO,
    ),
];

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("kernel_surface_is_closed", |world| {
        all_fail(world, FORBIDDEN);
    }),
    ("kernel_every_refused_call_has_its_errno", |world| {
        assert_eq!(world.attempt("refused-calls", &[]), "did \n");
    }),
    ("kernel_no_capability_is_left", |world| {
        assert_eq!(
            world.attempt("privileges", &[]),
            "did CapInh 0 CapPrm 0 CapEff 0 CapBnd 0 CapAmb 0 NoNewPrivs 1 Seccomp 2 Groups\n"
        );
    }),
    ("kernel_setuid_program_gives_nothing", setuid_program),
    ("kernel_host_facts_are_masked", masks),
    ("kernel_other_abi_is_killed", other_abi),
];

fn open(path: &str) -> Attempt {
    io(std::fs::File::open(path)).map(|_| "opened".to_owned())
}

fn write(path: &str) -> Attempt {
    use std::io::Write as _;
    let mut file = io(std::fs::OpenOptions::new().write(true).open(path))?;
    io(file.write_all(b"1")).map(|()| "wrote".to_owned())
}

fn lower_oom_score() -> Attempt {
    io(std::fs::write("/proc/self/oom_score_adj", "-1000")).map(|()| "wrote".to_owned())
}

fn raise_limits() -> Attempt {
    let limit = [u64::MAX, u64::MAX];
    let kind = i64::from(libc::RLIMIT_NPROC);
    just(libc::SYS_prlimit64, &[0, kind, limit.as_ptr() as i64, 0])
}

fn capset() -> Attempt {
    let head = [0x2008_0522_u32, 0];
    let sets = [u32::MAX; 6];
    just(
        libc::SYS_capset,
        &[head.as_ptr() as i64, sets.as_ptr() as i64],
    )
}

fn xattr(number: libc::c_long) -> Attempt {
    just(
        number,
        &[text(c"/build"), text(c"user.x"), text(c"y"), 1, 0],
    )
}

fn x32() -> Attempt {
    #[cfg(target_arch = "x86_64")]
    return call(0x4000_0000 + libc::SYS_getpid, &[]).map(|pid| pid.to_string());
    #[cfg(not(target_arch = "x86_64"))]
    return call(libc::SYS_clone3, &[]).map(|pid| pid.to_string());
}

/// Inside: makes every call of the list, and names those that came to something else.
#[cfg(target_arch = "x86_64")]
pub(crate) fn refused_calls() -> Attempt {
    use crate::answers::{BY_ARGUMENT, REFUSED};
    let always = REFUSED.map(|(number, errno, name)| (number, name, [0; 6], errno));
    let sometimes = BY_ARGUMENT.iter().copied();
    let refused = always
        .into_iter()
        .chain(sometimes.filter(|(.., errno)| *errno != 0));
    let answered = refused.map(|(number, name, arguments, errno)| {
        let arguments = arguments.map(u64::cast_signed);
        let seen = call(i64::from(number), &arguments).map_err(|seen| seen as i32);
        (name, seen, Err(errno))
    });
    let wrong = answered.filter(|(_, seen, expected)| seen != expected);
    let wrong = wrong.map(|(name, seen, _)| format!("{name} {seen:?}"));
    Ok(wrong.collect::<Vec<_>>().join(", "))
}

/// Inside: another architecture has other numbers; its list is not written yet.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn refused_calls() -> Attempt {
    Ok(String::new())
}

/// Inside: `getpid` by the 32-bit gate.
pub(crate) fn thirty_two_bits() -> Attempt {
    #[cfg(target_arch = "x86_64")]
    {
        let pid: i64;
        // SAFETY: the 32-bit getpid (20) takes no argument and changes rax only.
        unsafe { std::arch::asm!("int 0x80", inlateout("rax") 20_i64 => pid) };
        Ok(pid.to_string())
    }
    #[cfg(not(target_arch = "x86_64"))]
    Err(ENOSYS)
}

fn setuid_program(world: &World) {
    let said = world.attempt("start-setuid", &[]);
    assert!(
        said.contains("uid 1000") && said.contains("CapEff 0"),
        "{said}"
    );
}

fn masks(world: &World) {
    assert_eq!(world.attempt("masks", &[]), "did \n");
}

fn other_abi(world: &World) {
    use zwieback_sandbox::step::Ending;
    let mut sandbox = world.sandbox(limits());
    let (outcome, output) = run(&mut sandbox, "thirty-two-bits", &[]);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(outcome.ending, Ending::Signalled(libc::SIGSYS), "{output}");
    } else {
        skip_here("kernel_other_abi", "this architecture has one ABI");
    }
}
