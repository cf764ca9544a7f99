//! Each limit ends a step, by its name.

use std::fs;

use zwieback_core::sandbox_spec::limits::{Limits, Quota};
use zwieback_core::sandbox_spec::operation::{Medium, Place};
use zwieback_core::sandbox_spec::spec::SandboxSpec;
use zwieback_core::sandbox_spec::standard::Conditions;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::sandbox::Sandbox;
use zwieback_sandbox::step::{Ending, Limit};

use crate::attempt::{Attempt, io};
use crate::harness::Trial;
use crate::world::{World, limits, run};

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("limits_memory", |world| {
        reaches(world, "memory-bomb", &[], Limit::Memory);
    }),
    ("limits_shared_memory", |world| {
        reaches(world, "shared-memory-bomb", &[], Limit::Memory);
    }),
    ("limits_unattached_memory", |world| {
        reaches(world, "segment-bomb", &[], Limit::Memory);
    }),
    ("limits_processes", |world| {
        reaches(world, "fork-bomb", &[], Limit::Processes);
    }),
    ("limits_work", |world| {
        reaches(world, "fill", &["/build"], Limit::Disk);
    }),
    ("limits_out", |world| {
        reaches(world, "fill", &["/out"], Limit::Disk);
    }),
    ("limits_tmp", |world| {
        reaches(world, "fill", &["/tmp"], Limit::Disk);
    }),
    ("limits_inodes", |world| {
        reaches(world, "fill-inodes", &["/build"], Limit::Disk);
    }),
    ("limits_log", |world| {
        reaches(world, "talk", &[], Limit::Log);
    }),
    ("limits_reservation_is_no_use", reservation),
    ("limits_disk_medium", disk_medium),
    ("limits_log_keeps_its_first_part", log),
];

fn reaches(world: &World, name: &str, arguments: &[&str], limit: Limit) {
    let mut sandbox = world.sandbox(limits());
    let (outcome, output) = run(&mut sandbox, name, arguments);
    let said = output.chars().take(200).collect::<String>();
    assert_eq!(
        outcome.ending,
        Ending::LimitReached(limit),
        "{outcome:?} {said}"
    );
    // Its processes are gone, and nothing that they kept is in the way of the next sandbox.
    drop(sandbox);
    assert_eq!(world.attempt("others", &[]), "did 1\n");
}

/// Inside: takes memory and uses it.
pub(crate) fn memory_bomb() -> Attempt {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&all);
    }
}

/// Inside: takes memory that no process has mapped privately.
pub(crate) fn shared_memory_bomb() -> Attempt {
    let length = 1 << 30;
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping of its own, which is never unmapped.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, kind, -1, 0) };
    for at in (0..length).step_by(4096) {
        // SAFETY: inside the mapping.
        unsafe { start.cast::<u8>().add(at).write_volatile(1) };
    }
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

/// Inside: fills System V memory and lets go of it, again and again. It stays.
pub(crate) fn segment_bomb() -> Attempt {
    let length = 16 << 20;
    loop {
        // SAFETY: a new segment of its own; it is unmapped before the next one is made.
        unsafe {
            let segment = libc::shmget(libc::IPC_PRIVATE, length, 0o600);
            let start = libc::shmat(segment, std::ptr::null(), 0);
            if start.addr() == usize::MAX {
                return Err(nix::errno::Errno::last());
            }
            start.cast::<u8>().write_bytes(1, length);
            libc::shmdt(start);
        }
    }
}

/// Inside: reserves more address space than any machine has memory.
pub(crate) fn reserve() -> Attempt {
    let length = 1 << 44;
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
    );
    // SAFETY: a new mapping of its own, of which one byte is used.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, kind, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(nix::errno::Errno::last());
    }
    // SAFETY: inside the mapping.
    unsafe { start.cast::<u8>().write_volatile(1) };
    Ok("reserved".to_owned())
}

/// Inside: every process makes as many as it can.
pub(crate) fn fork_bomb() -> Attempt {
    loop {
        // SAFETY: this program has one thread.
        unsafe { libc::fork() };
    }
}

/// Inside: writes for as long as anything takes it, and longer.
pub(crate) fn fill(dir: &str) -> Attempt {
    use std::io::Write as _;
    let chunk = vec![7; 1 << 16];
    let mut file = io(fs::File::create(format!("{dir}/full")))?;
    loop {
        drop(file.write_all(&chunk));
    }
}

/// Inside: the same with empty files.
pub(crate) fn fill_inodes(dir: &str) -> Attempt {
    for number in 0_u64.. {
        drop(fs::write(format!("{dir}/{number}"), ""));
    }
    Ok(String::new())
}

/// Inside: says more than anybody wants to hear.
pub(crate) fn talk() -> Attempt {
    loop {
        println!("{}", "na".repeat(4000));
    }
}

fn reservation(world: &World) {
    assert_eq!(world.attempt("reserve", &[]), "did reserved\n");
}

fn log(world: &World) {
    let mut sandbox = world.sandbox(Limits {
        log: 100,
        ..limits()
    });
    let (outcome, output) = run(&mut sandbox, "talk", &[]);
    assert_eq!(outcome.ending, Ending::LimitReached(Limit::Log));
    assert_eq!((outcome.usage.log, output.len()), (100, 100));
}

fn disk_medium(world: &World) {
    let quota = Quota {
        bytes: 8 << 20,
        inodes: 100,
    };
    let limits = Limits {
        work: quota,
        ..limits()
    };
    let conditions = Conditions {
        work: Medium::Disk,
        ..Conditions::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let mut sources = world.sources();
    sources.disks.insert(Place::Work, dir.path().to_owned());
    let spec = SandboxSpec::for_build(conditions, limits);
    let mut sandbox =
        Sandbox::start(&world.server, &spec, sources, &Canceller::new().unwrap()).unwrap();
    let (outcome, _) = run(&mut sandbox, "fill-inodes", &["/build"]);
    assert_eq!(outcome.ending, Ending::LimitReached(Limit::Disk));
    assert!(
        fs::read_dir(dir.path()).unwrap().count() > 0,
        "it is on disk"
    );
}
