//! What a kernel may share between two processes besides inodes: nothing of it carries a bit from one sandbox to
//! another beside it.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::attempt::{Attempt, call, io, text};
use crate::harness::Trial;
use crate::inodes::beside;
use crate::world::World;

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("shared_objects_carry_nothing", |world| {
        beside(world, "send", "receive", &[], "did nothing came\n");
    }),
    ("shared_objects_would_be_seen", would_be_seen),
];

/// The same two in one sandbox: what the trial looks at does carry, where it is shared.
fn would_be_seen(world: &World) {
    let said = world.attempt("send-and-receive", &[]);
    let [places @ .., _] = MARKS;
    let ways = [
        "System V",
        "mq_open",
        "abstract socket",
        "TCP",
        "TCP port",
        "UDP port",
        "netlink port",
        "pseudo-terminal",
        "process",
        "dnotify",
    ];
    for way in places.iter().chain(&ways) {
        assert!(said.contains(way), "{way}: {said}");
    }
}

/// What one does goes on for as long as the other looks, and the other's start.
const WHILE: Duration = Duration::from_millis(300);

/// A number that both have agreed on.
const AGREED: u16 = 4711;

/// Files of the toolchain, and every device file.
const FILES: [&str; 9] = [
    "/probe",
    "/setuid",
    "/etc",
    "/",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// Settings that one may try to leave for the other, and counters of the machine.
const SETTINGS: [&str; 14] = [
    "fs/aio-nr",
    "fs/dentry-state",
    "fs/file-nr",
    "fs/inode-nr",
    "fs/mqueue/msg_max",
    "kernel/domainname",
    "kernel/hostname",
    "kernel/msgmax",
    "kernel/pty/nr",
    "kernel/sem",
    "kernel/shmmax",
    "net/ipv4/ip_forward",
    "net/ipv4/ip_local_port_range",
    "user/max_inotify_instances",
];

/// Places of files that another sandbox has as well.
const MARKS: [&str; 5] = [
    "/build/mark",
    "/dev/mqueue/mark",
    "/dev/shm/mark",
    "/out/mark",
    "/tmp/mark",
];

/// Inside: makes and holds one of everything, and moves all that can be moved.
fn send() -> Attempt {
    let held = hold()?;
    println!("began");
    io(std::io::stdout().flush())?;
    let began = Instant::now();
    let mut files = Vec::new();
    while began.elapsed() < WHILE * 3 {
        move_everything(&mut files);
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(held);
    Ok("sent".to_owned())
}

/// Inside: both.
fn send_and_receive() -> Attempt {
    // SAFETY: this program has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(send());
        std::process::exit(0);
    }
    // Until it holds all: it has made the terminals last.
    let began = Instant::now();
    while !fs::exists("/dev/pts/7").unwrap_or(false) && began.elapsed() < WHILE {
        std::thread::sleep(Duration::from_millis(1));
    }
    receive()
}

/// Inside: names every way by which something came.
fn receive() -> Attempt {
    let before = numbers();
    let watched = dnotify()?;
    std::thread::sleep(WHILE);
    let after = numbers();
    let mut came: Vec<String> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(before, after)| format!("{before} became {after}"))
        .collect();
    came.extend(found()?.into_iter().map(str::to_owned));
    drop(watched);
    if is_signalled()? {
        came.push("dnotify".to_owned());
    }
    Ok(if came.is_empty() {
        "nothing came".to_owned()
    } else {
        came.join(", ")
    })
}

/// One of every object that has a name, for as long as these live.
fn hold() -> Result<(Vec<OwnedFd>, UdpSocket), Errno> {
    let made = system_v(libc::IPC_CREAT | 0o666)?;
    assert!(made.iter().all(Option::is_some), "{made:?}");
    for mark in MARKS {
        // A queue is made by a call of its own.
        if !mark.contains("mqueue") {
            io(fs::write(mark, "x"))?;
        }
    }
    let flags = i64::from(libc::O_CREAT | libc::O_RDWR);
    let queue = call(libc::SYS_mq_open, &[text(c"mark"), flags, 0o666, 0])?;
    // SAFETY: the kernel has just made it, and nobody else owns it.
    let queue = unsafe { OwnedFd::from_raw_fd(i32::try_from(queue).unwrap()) };
    let datagrams = io(UdpSocket::bind(("127.0.0.1", AGREED)))?;
    let mut held = vec![
        queue,
        io(UnixListener::bind_addr(&abstract_name()))?.into(),
        io(TcpListener::bind(("127.0.0.1", AGREED)))?.into(),
        netlink()?,
    ];
    for _ in 0..8 {
        held.push(io(File::open("/dev/ptmx"))?.into());
    }
    Ok((held, datagrams))
}

/// One round; what is refused is refused.
fn move_everything(files: &mut Vec<File>) {
    for path in FILES {
        files.extend(File::open(path));
        drop(fs::read_dir(path).map(Iterator::count));
        if let Ok(path) = std::ffi::CString::new(path) {
            let _refused = call(libc::SYS_utimensat, &[-100, path.as_ptr() as i64, 0, 0]);
        }
    }
    for setting in SETTINGS {
        let path = format!("/proc/sys/{setting}");
        if let Ok(mut file) = OpenOptions::new().write(true).open(path) {
            drop(file.write_all(b"17"));
        }
    }
    let mask = [1_u64; 16];
    let _own = call(libc::SYS_sched_setaffinity, &[0, 128, mask.as_ptr() as i64]);
    let _own = call(libc::SYS_setpriority, &[0, 0, 7]);
    let key = [text(c"user"), text(c"mark"), text(c"x"), 1, -4];
    let _refused = call(libc::SYS_add_key, &key);
}

/// All that can be read without a change, as text.
fn numbers() -> Vec<String> {
    let times = FILES.map(|path| {
        let seen = fs::metadata(path).map(|metadata| {
            let times = [
                metadata.atime_nsec(),
                metadata.mtime_nsec(),
                metadata.ctime_nsec(),
            ];
            (metadata.nlink(), metadata.mode(), times)
        });
        format!("{path} {seen:?}")
    });
    let settings = SETTINGS.map(|setting| {
        let path = format!("/proc/sys/{setting}");
        format!("{setting} {:?}", fs::read_to_string(path).ok())
    });
    let mut mask = [0_u64; 16];
    let _size = call(
        libc::SYS_sched_getaffinity,
        &[0, 128, mask.as_mut_ptr() as i64],
    );
    let priorities = [0, 1, 2].map(|which| call(libc::SYS_getpriority, &[which, 0]).ok());
    let own = format!("processors {:x} priorities {priorities:?}", mask[0]);
    let locks = format!("locks {:?}", fs::read_to_string("/proc/locks").ok());
    let queues = format!("queues {:?}", fs::read_to_string("/proc/sysvipc/msg").ok());
    let all = times.into_iter().chain(settings);
    all.chain([own, locks, queues]).collect()
}

/// Objects that are there, though nobody here has made them.
fn found() -> Result<Vec<&'static str>, Errno> {
    let mut found: Vec<&str> = Vec::new();
    if system_v(0)?.iter().any(Option::is_some) {
        found.push("System V");
    }
    found.extend(MARKS.iter().filter(|mark| fs::exists(mark).unwrap_or(true)));
    let ways = [
        (
            "mq_open",
            call(libc::SYS_mq_open, &[text(c"mark"), 0, 0, 0]).is_ok(),
        ),
        (
            "abstract socket",
            UnixStream::connect_addr(&abstract_name()).is_ok(),
        ),
        ("TCP", TcpStream::connect(("127.0.0.1", AGREED)).is_ok()),
        (
            "TCP port",
            TcpListener::bind(("127.0.0.1", AGREED)).is_err(),
        ),
        ("UDP port", UdpSocket::bind(("127.0.0.1", AGREED)).is_err()),
        ("netlink port", netlink().is_err()),
        ("pseudo-terminal", fs::exists("/dev/pts/0").unwrap_or(true)),
        (
            "key",
            call(libc::SYS_request_key, &[text(c"user"), text(c"mark"), 0, 0]).is_ok(),
        ),
        (
            "control groups",
            fs::exists("/sys/fs/cgroup").unwrap_or(true),
        ),
        (
            "process",
            call(
                libc::SYS_pidfd_open,
                &[i64::from(std::process::id()) + 1, 0],
            )
            .is_ok(),
        ),
    ];
    found.extend(ways.iter().filter(|(_, came)| *came).map(|(way, _)| *way));
    Ok(found)
}

/// Memory, a queue and a semaphore of one key; none where there is none.
fn system_v(flags: i32) -> Result<[Option<i64>; 3], Errno> {
    let (key, flags) = (i64::from(AGREED), i64::from(flags));
    let calls = [
        call(libc::SYS_shmget, &[key, 4096, flags]),
        call(libc::SYS_msgget, &[key, flags]),
        call(libc::SYS_semget, &[key, 1, flags]),
    ];
    let [memory, queue, semaphore] = calls.map(|made| match made {
        Err(Errno::ENOENT) => Ok(None),
        other => other.map(Some),
    });
    Ok([memory?, queue?, semaphore?])
}

fn abstract_name() -> SocketAddr {
    SocketAddr::from_abstract_name(b"mark").expect("a short name")
}

/// A socket of the routing side under the agreed port.
fn netlink() -> Result<OwnedFd, Errno> {
    let socket = call(
        libc::SYS_socket,
        &[libc::AF_NETLINK.into(), libc::SOCK_RAW.into(), 0],
    )?;
    // SAFETY: the kernel has just made it, and nobody else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(i32::try_from(socket).unwrap()) };
    // `struct sockaddr_nl`: family and padding, port, groups (links and addresses).
    let address = [libc::AF_NETLINK.unsigned_abs(), AGREED.into(), 0x11_u32];
    let bind = [i64::from(socket.as_raw_fd()), address.as_ptr() as i64, 12];
    call(libc::SYS_bind, &bind)?;
    Ok(socket)
}

/// Begins a watch of the older kind, which sends a signal, for as long as the folder is open.
fn dnotify() -> Result<File, Errno> {
    let mut set = nix::sys::signal::SigSet::empty();
    set.add(nix::sys::signal::Signal::SIGIO);
    set.thread_block()?;
    let root = io(File::open("/"))?;
    // DN_MULTISHOT, and all that there is to be told.
    let events = (1 << 31) | 0x3f;
    call(libc::SYS_fcntl, &[root.as_raw_fd().into(), 1026, events])?;
    Ok(root)
}

/// Whether that signal has come.
fn is_signalled() -> Result<bool, Errno> {
    let mut pending = 0_u64;
    call(libc::SYS_rt_sigpending, &[(&raw mut pending) as i64, 8])?;
    Ok(pending & (1 << (libc::SIGIO - 1)) != 0)
}

/// Inside: performs what has this name here.
pub(crate) fn perform(name: &str) -> Option<Attempt> {
    Some(match name {
        "send" => send(),
        "receive" => receive(),
        "send-and-receive" => send_and_receive(),
        _ => return None,
    })
}
