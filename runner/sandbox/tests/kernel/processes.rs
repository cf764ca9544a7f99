//! No process outlives its step, and none reaches beyond the sandbox.

use nix::errno::Errno::{EACCES, EINVAL, EPERM, ESRCH};
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_sandbox::step::{Ending, Limit};

use crate::attempt::{Attempt, Forbidden, all_fail, io, just};
use crate::harness::Trial;
use crate::world::{World, limits, run};

/// Attempts that must fail.
pub(crate) const FORBIDDEN: &[Forbidden] = &[
    (
        "signal-the-host",
        || {
            just(
                libc::SYS_kill,
                &[std::process::id().wrapping_add(30_000).into(), 9],
            )
        },
        &[ESRCH],
    ),
    (
        "signal-group-of-none",
        || just(libc::SYS_kill, &[-0x3fff_ffff, 9]),
        &[ESRCH, EINVAL, EPERM],
    ),
    ("limits-of-pid-one", || limits_of(1), &[EPERM]),
    ("processors-of-pid-one", || processors_of(1), &[EPERM]),
    (
        "processors-of-pid-one-by-high-bits",
        || processors_of(0x1_0000_0001),
        &[EPERM],
    ),
    (
        "scheduler-of-pid-one",
        || scheduler_of(libc::SYS_sched_setscheduler, &[1, BATCH]),
        &[EPERM],
    ),
    (
        "scheduler-parameters-of-pid-one",
        || scheduler_of(libc::SYS_sched_setparam, &[1]),
        &[EPERM],
    ),
    (
        "scheduler-attributes-of-pid-one",
        attributes_of_pid_one,
        &[EPERM],
    ),
    (
        "priority-of-pid-one",
        || just(libc::SYS_setpriority, &[0, 1, 5]),
        &[EPERM],
    ),
    (
        "priority-of-the-group-of-pid-one",
        || just(libc::SYS_setpriority, &[1, 1, 5]),
        &[EPERM],
    ),
    (
        "priority-of-the-user-of-pid-one",
        || just(libc::SYS_setpriority, &[2, 0, 5]),
        &[EPERM],
    ),
    (
        "disk-priority-of-pid-one",
        || just(libc::SYS_ioprio_set, &[1, 1, IDLE_DISK]),
        &[EPERM],
    ),
    (
        "disk-priority-of-the-user-of-pid-one",
        || just(libc::SYS_ioprio_set, &[3, 0, IDLE_DISK]),
        &[EPERM],
    ),
    (
        "oom-score-of-pid-one",
        || write("/proc/1/oom_score_adj", "900"),
        &[EACCES],
    ),
    (
        "timer-slack-of-pid-one",
        || write("/proc/1/timerslack_ns", "999999999"),
        &[EACCES, EPERM],
    ),
    (
        "core-filter-of-pid-one",
        || write("/proc/1/coredump_filter", "0"),
        &[EACCES],
    ),
];

/// `SCHED_BATCH` of linux/sched.h, which anybody may choose.
const BATCH: i64 = 3;

/// Class and level of linux/ioprio.h: when nobody else wants the disk.
const IDLE_DISK: i64 = 3 << 13;

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("processes_beyond_are_out_of_reach", |world| {
        all_fail(world, FORBIDDEN);
    }),
    ("processes_of_a_step_are_its_own_to_slow", |world| {
        assert_eq!(world.attempt("slow-child", &[]), "did slowed\n");
    }),
    ("processes_daemon_dies_with_its_step", daemon),
    (
        "processes_daemon_dies_with_its_sandbox",
        daemon_of_each_sandbox,
    ),
    ("processes_kill_all_kills_nobody_else", kill_all),
    ("processes_that_ignore_signals_end_at_the_timeout", stubborn),
    ("processes_that_are_stopped_end_at_the_timeout", stopped),
];

fn limits_of(pid: i64) -> Attempt {
    let limit = [64_u64, 64];
    let kind = libc::RLIMIT_NOFILE.into();
    just(libc::SYS_prlimit64, &[pid, kind, limit.as_ptr() as i64, 0])
}

fn processors_of(pid: i64) -> Attempt {
    let mask = [1_u64; 16];
    just(
        libc::SYS_sched_setaffinity,
        &[pid, 128, mask.as_ptr() as i64],
    )
}

fn scheduler_of(number: libc::c_long, arguments: &[i64]) -> Attempt {
    let parameters = [0_i32; 4];
    just(number, &[arguments, &[parameters.as_ptr() as i64]].concat())
}

fn attributes_of_pid_one() -> Attempt {
    // `struct sched_attr` of 48 bytes: its size, then the policy.
    let mut attributes = [0_u32; 12];
    attributes[..2].copy_from_slice(&[48, 3]);
    just(libc::SYS_sched_setattr, &[1, attributes.as_ptr() as i64, 0])
}

fn write(path: &str, content: &str) -> Attempt {
    io(std::fs::write(path, content)).map(|()| "wrote".to_owned())
}

/// Inside: what a step may do to itself and to a process of its own, as `nice`, `taskset` and `prlimit` do.
pub(crate) fn slow_child() -> Attempt {
    // SAFETY: this program has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        std::thread::sleep(std::time::Duration::from_mins(1));
        std::process::exit(0);
    }
    for pid in [0, child.into()] {
        limits_of(pid)?;
        processors_of(pid)?;
        scheduler_of(libc::SYS_sched_setscheduler, &[pid, BATCH])?;
        just(libc::SYS_setpriority, &[0, pid, 5])?;
        just(libc::SYS_ioprio_set, &[1, pid, IDLE_DISK])?;
    }
    // Its own group.
    just(libc::SYS_setpriority, &[1, 0, 6])?;
    Ok("slowed".to_owned())
}

/// Inside: leaves a process in a session of its own, which writes for as long as it lives.
pub(crate) fn daemonise(name: &str) -> Attempt {
    let name = std::ffi::CString::new(name).expect("a name has no zero byte");
    nix::sys::prctl::set_name(&name)?;
    // SAFETY: this program has one thread.
    if unsafe { libc::fork() } != 0 {
        return Ok("left".to_owned());
    }
    nix::unistd::setsid()?;
    // SAFETY: as above.
    if unsafe { libc::fork() } != 0 {
        std::process::exit(0);
    }
    loop {
        drop(std::fs::write(
            "/out/daemon",
            format!("{:?}", std::time::Instant::now()),
        ));
    }
}

/// Inside: a tree of processes that no polite signal ends.
pub(crate) fn ignore_signals(stop: &str) -> Attempt {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGPIPE] {
        // SAFETY: an ignored signal runs no code.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // SAFETY: this program has one thread.
    unsafe {
        libc::fork();
        libc::fork();
    }
    loop {
        if stop == "stop" {
            // SAFETY: a plain integer.
            unsafe { libc::raise(libc::SIGSTOP) };
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

fn daemon(world: &World) {
    let mut sandbox = world.sandbox(limits());
    for _ in 0..100 {
        let (outcome, said) = run(&mut sandbox, "daemonise", &["daemon"]);
        assert_eq!(
            (outcome.ending, said.as_str()),
            (Ending::Exited(0), "did left\n")
        );
        assert_eq!(
            run(&mut sandbox, "others", &[]).1,
            "did 1\n",
            "a process is left"
        );
    }
}

/// `ZWIEBACK_DAEMONS` says how many; the host is searched after each.
fn daemon_of_each_sandbox(world: &World) {
    let count = std::env::var("ZWIEBACK_DAEMONS");
    let count = count.map_or(20, |count| count.parse().expect("a number"));
    let name = format!("zwd{}", std::process::id());
    for number in 0..count {
        let mut sandbox = world.sandbox(limits());
        let (outcome, said) = run(&mut sandbox, "daemonise", &[&name]);
        assert_eq!(outcome.ending, Ending::Exited(0), "{said}");
        drop(sandbox.finish());
        assert_eq!(processes_called(&name), 0, "after {number} daemons");
    }
    println!("  {count} daemons, no survivor");
}

/// How many processes of this machine have a name.
fn processes_called(name: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let comms = processes.map(|entry| std::fs::read_to_string(entry.path().join("comm")));
    comms
        .flatten()
        .filter(|comm| comm.trim_end() == name)
        .count()
}

fn kill_all(world: &World) {
    let mut sandbox = world.sandbox(limits());
    let (outcome, _) = run(&mut sandbox, "kill-all", &[]);
    assert_eq!(outcome.ending, Ending::Exited(0));
    assert_eq!(run(&mut sandbox, "others", &[]).1, "did 1\n");
}

fn stubborn(world: &World) {
    ends_in_time(world, "stay");
}

fn stopped(world: &World) {
    ends_in_time(world, "stop");
}

fn ends_in_time(world: &World, how: &str) {
    let mut sandbox = world.sandbox(Limits {
        seconds: 1,
        ..limits()
    });
    let (outcome, _) = run(&mut sandbox, "ignore-signals", &[how]);
    assert_eq!(outcome.ending, Ending::LimitReached(Limit::Time));
    assert!(outcome.usage.wall.as_secs() < 10, "{outcome:?}");
}
