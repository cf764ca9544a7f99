//! Each limit ends a step, by its name.

use std::fs;

use zwieback_model::sandbox_spec::limits::{Limits, Quota};
use zwieback_model::sandbox_spec::operation::{Medium, Place};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::Conditions;
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
    ("limits_memory_of_sockets", |world| {
        reaches(world, "memory-bomb", &["sockets"], Limit::Memory);
    }),
    ("limits_memory_of_files", files),
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
    ("limits_disk_medium", |world| {
        fills_disk(world, "fill-inodes", &["/build"]);
    }),
    ("limits_disk_in_the_depth", |world| {
        fills_disk(world, "fill", &["depth"]);
    }),
    ("limits_disk_without_a_name", |world| {
        fills_disk(world, "fill", &["unnamed"]);
    }),
    ("limits_disk_behind_a_closed_folder", |world| {
        fills_disk(world, "fill", &["closed"]);
    }),
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

/// Files of a place in memory are memory, whether a control group counts or the runner.
fn files(world: &World) {
    let mut sandbox = world.sandbox(Limits {
        memory: 16 << 20,
        ..limits()
    });
    let (outcome, output) = run(&mut sandbox, "fill", &["/build"]);
    assert_eq!(
        outcome.ending,
        Ending::LimitReached(Limit::Memory),
        "{output}"
    );
}

/// Inside: takes memory and uses it.
pub(crate) fn memory_bomb(how: &[&str]) -> Attempt {
    if how == ["sockets"] {
        return socket_bomb();
    }
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

/// Inside: writes more than a place takes: into a folder, or where it may not be seen.
pub(crate) fn fill(place: &str) -> Attempt {
    match place {
        "depth" => fill_depth(),
        "unnamed" => fill_unnamed(),
        "closed" => fill_closed(),
        dir => fill_folder(dir),
    }
}

/// Writes for as long as anything takes it, and longer.
fn fill_folder(dir: &str) -> Attempt {
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

/// Fills a file whose path is longer than any path may be.
fn fill_depth() -> Attempt {
    let name = "d".repeat(250);
    for _ in 0..20 {
        io(fs::create_dir(&name))?;
        io(std::env::set_current_dir(&name))?;
    }
    overfill(io(fs::File::create("full"))?)
}

/// Fills a file that has no name any more.
fn fill_unnamed() -> Attempt {
    let file = io(fs::File::create("/build/gone"))?;
    io(fs::remove_file("/build/gone"))?;
    overfill(file)
}

/// Fills a file in a folder that its owner cannot enter any more, but from inside.
fn fill_closed() -> Attempt {
    use std::os::unix::fs::PermissionsExt;
    io(fs::create_dir_all("/build/closed/inner"))?;
    io(std::env::set_current_dir("/build/closed/inner"))?;
    let closed = PermissionsExt::from_mode(0o000);
    io(fs::set_permissions("/build/closed", closed))?;
    overfill(io(fs::File::create("full"))?)
}

/// Writes more than the place may hold, and less than a file may, and waits for what comes of it.
fn overfill(mut file: fs::File) -> Attempt {
    use std::io::Write as _;
    io(file.write_all(&vec![7; 24 << 20]))?;
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
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

fn fills_disk(world: &World, name: &str, arguments: &[&str]) {
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
    let (outcome, output) = run(&mut sandbox, name, arguments);
    assert_eq!(
        outcome.ending,
        Ending::LimitReached(Limit::Disk),
        "{output}"
    );
    let holds = fs::read_dir(dir.path()).unwrap().count();
    assert!(holds > 0 || arguments == ["unnamed"], "it is on disk");
}

/// Inside: fills the queues of sockets in many processes, none of which has much memory.
fn socket_bomb() -> Attempt {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;
    for _ in 0..8 {
        // SAFETY: this process has one thread.
        if unsafe { libc::fork() } == 0 {
            break;
        }
    }
    let mut held = Vec::new();
    while let Ok((mut ours, theirs)) = UnixStream::pair() {
        io(ours.set_nonblocking(true))?;
        while ours.write(&[1; 8 << 10]).is_ok() {}
        held.push((ours, theirs));
    }
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}
