//! What two sandboxes share of a toolchain carries nothing from one to the other.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::sync::mpsc;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::attempt::{Attempt, call, io};
use crate::harness::Trial;
use crate::world::{World, limits, run};

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("inodes_carry_no_locks", |world| {
        beside(world, "hold-locks", "try-locks", &shared(), "did free");
    }),
    ("inodes_carry_no_events", |world| {
        beside(
            world,
            "touch-files",
            "count-events",
            &shared(),
            "did 0 events",
        );
    }),
    ("inodes_leave_watchers_to_others", |world| {
        assert_eq!(world.attempt("all-watchers", &[]), "did 48 instances\n");
    }),
];

/// Inside: opens instances of inotify until there are no more.
fn all_watchers() -> Attempt {
    let mut held = Vec::new();
    while let Ok(watcher) = Inotify::init(InitFlags::empty()) {
        held.push(watcher);
    }
    Ok(format!("{} instances", held.len()))
}

/// Files that both see.
const SHARED: [&str; 4] = ["/probe", "/setuid", "/", "/etc"];

/// The same where root has made device files for each.
const DEVICES: [&str; 2] = ["/dev/null", "/dev/zero"];

/// What one does goes on for as long as the other looks.
const WHILE: Duration = Duration::from_millis(300);

fn shared() -> Vec<&'static str> {
    let mut paths = SHARED.to_vec();
    if nix::unistd::geteuid().is_root() {
        paths.extend(DEVICES);
    }
    paths
}

/// Has two sandboxes do something at the same time; the second must say this.
pub(crate) fn beside(world: &World, first: &str, second: &str, paths: &[&str], expected: &str) {
    let (mut one, mut other) = (world.sandbox(limits()), world.sandbox(limits()));
    let (begun, ready) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let command = crate::world::command(first, paths);
            let outcome = one.run(&command, &mut |_| {
                // The other may have heard of it already.
                let _heard = begun.send(());
            });
            assert!(outcome.unwrap().is_success());
        });
        ready.recv_timeout(Duration::from_secs(20)).unwrap();
        let (outcome, said) = run(&mut other, second, paths);
        assert!(outcome.is_success(), "{said}");
        assert!(said.starts_with(expected), "{said}");
    });
}

/// Inside: performs what has this name here.
pub(crate) fn perform(name: &str, paths: &[&str]) -> Option<Attempt> {
    Some(match name {
        "hold-locks" => hold_locks(paths),
        "try-locks" => try_locks(paths),
        "touch-files" => touch_files(paths),
        "count-events" => count_events(paths),
        "all-watchers" => all_watchers(),
        _ => return None,
    })
}

/// Inside: takes every kind of lock there is, and keeps them for a while.
fn hold_locks(paths: &[&str]) -> Attempt {
    let mut held = Vec::new();
    for path in paths {
        let file = io(File::open(path))?;
        // A lease is for the owner of a file, and not for a directory.
        let lease = i64::from(libc::F_RDLCK);
        let _leased = call(libc::SYS_fcntl, &[i64::from(file.as_raw_fd()), 1024, lease]);
        record_lock(&file, libc::F_SETLK)?;
        record_lock(&file, libc::F_OFD_SETLK)?;
        held.push(Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)?);
    }
    say_and_wait()?;
    drop(held);
    Ok("held".to_owned())
}

/// Inside: whether anybody holds a lock.
fn try_locks(paths: &[&str]) -> Attempt {
    for path in paths {
        let file = io(File::open(path))?;
        // F_GETLK with a lock to write tells of one to read.
        let found = record_lock(&file, libc::F_GETLK)?;
        if i32::from(found) != libc::F_UNLCK {
            return Ok(format!("{path} has a record lock"));
        }
        // A lease to write is for who alone has the file open.
        let lease = i64::from(libc::F_WRLCK);
        if is_alone_with(path, file.as_raw_fd(), lease) == Err(Errno::EAGAIN) {
            return Ok(format!("{path} is open elsewhere"));
        }
        if let Err((_, errno)) = Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            return Ok(format!("{path} is locked: {errno}"));
        }
    }
    Ok("free".to_owned())
}

/// Whether nobody else has a file open that no program here was started from.
fn is_alone_with(path: &str, fd: i32, lease: i64) -> Result<(), Errno> {
    if path != "/setuid" {
        return Ok(());
    }
    call(libc::SYS_fcntl, &[i64::from(fd), 1024, lease])?;
    call(
        libc::SYS_fcntl,
        &[i64::from(fd), 1024, libc::F_UNLCK.into()],
    )
    .map(drop)
}

/// A lock on the whole file, to read when it is set and to write when it is asked for.
fn record_lock(file: &File, command: i32) -> Result<i16, Errno> {
    let kind = if command == libc::F_GETLK {
        libc::F_WRLCK
    } else {
        libc::F_RDLCK
    };
    let mut lock = libc::flock {
        l_type: i16::try_from(kind).unwrap(),
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    let done = match command {
        libc::F_GETLK => fcntl(file, FcntlArg::F_GETLK(&mut lock)),
        libc::F_OFD_SETLK => fcntl(file, FcntlArg::F_OFD_SETLK(&lock)),
        _ => fcntl(file, FcntlArg::F_SETLK(&lock)),
    };
    match done {
        // A directory has no record locks.
        Err(Errno::EINVAL | Errno::EBADF | Errno::EISDIR) => {
            Ok(i16::try_from(libc::F_UNLCK).unwrap())
        }
        other => other.map(|_| lock.l_type),
    }
}

/// Inside: opens and reads files for a while.
fn touch_files(paths: &[&str]) -> Attempt {
    println!("began");
    io(std::io::stdout().flush())?;
    let began = std::time::Instant::now();
    while began.elapsed() < WHILE * 2 {
        for path in paths {
            drop(io(File::open(path))?);
        }
        drop(std::fs::read_dir("/"));
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok("touched".to_owned())
}

/// Inside: counts what happens to files that this process does not touch.
fn count_events(paths: &[&str]) -> Attempt {
    let watch = Inotify::init(InitFlags::IN_NONBLOCK)?;
    for path in paths {
        watch.add_watch(*path, AddWatchFlags::IN_ALL_EVENTS)?;
    }
    std::thread::sleep(WHILE);
    let seen = match watch.read_events() {
        Err(Errno::EAGAIN) => 0,
        other => other?.len(),
    };
    Ok(format!("{seen} events"))
}

fn say_and_wait() -> Result<(), Errno> {
    println!("began");
    io(std::io::stdout().flush())?;
    std::thread::sleep(WHILE);
    Ok(())
}
