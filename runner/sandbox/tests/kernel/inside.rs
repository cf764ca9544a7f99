//! What the hostile program does apart from attempts that must fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nix::errno::Errno;

use crate::attempt::{Attempt, io};
use crate::{
    clock, inodes, kernel, lifecycle, limits, network, processes, reaping, shared, shell, terminal,
    writes,
};

/// Performs what has this name.
pub(crate) fn perform(name: &str, arguments: &[&str]) -> Attempt {
    let made = inodes::perform(name, arguments).or_else(|| shared::perform(name));
    if let Some(made) = made {
        return made;
    }
    match (name, arguments) {
        ("terminal-pair", which) => terminal::pair(which),
        ("reopen-streams", _) => terminal::reopen(),
        ("home", _) => home(),
        ("loopback", _) => network::loopback(),
        ("connect", [address]) => network::connect_to(address),
        ("connect-abstract", [name]) => network::connect_abstract(name),
        ("connect-path", [path]) => network::connect_path(path),
        ("identity", _) => identity(),
        ("machine", _) => machine(),
        ("links", _) => links(),
        ("privileges", _) => privileges(),
        ("start-setuid", _) => start_setuid(),
        ("masks", _) => masks(),
        ("refused-calls", _) => kernel::refused_calls(),
        ("thirty-two-bits", _) => kernel::thirty_two_bits(),
        ("descriptors", _) => descriptors(),
        ("input", _) => input(),
        ("null", _) => null(),
        ("session", _) => session(),
        ("environment", _) => Ok(environment()),
        ("copy", [from, to]) => io(fs::copy(from, to)).map(|_| "copied".to_owned()),
        ("leave-in-shm", _) => io(fs::write("/dev/shm/left", "")).map(|()| "left".to_owned()),
        ("find-in-shm", _) => Ok(found(Path::new("/dev/shm/left"))),
        ("owner", [path]) => writes::owner(path),
        ("others", _) => others(),
        ("kill-all", _) => kill_all(),
        ("slow-child", _) => processes::slow_child(),
        ("daemonise", [name]) => processes::daemonise(name),
        ("ignore-signals", [how]) => {
            println!("ready");
            processes::ignore_signals(how)
        }
        ("memory-bomb", how) => limits::memory_bomb(how),
        ("shared-memory-bomb", _) => limits::shared_memory_bomb(),
        ("segment-bomb", _) => limits::segment_bomb(),
        ("reserve", _) => limits::reserve(),
        ("fork-bomb", _) => limits::fork_bomb(),
        ("fill", [place]) => limits::fill(place),
        ("fill-inodes", [dir]) => limits::fill_inodes(dir),
        ("talk", _) => limits::talk(),
        ("address", _) => Ok(format!("{:p}", &raw const HERE)),
        ("exit", ["signal"]) => end_by_signal(),
        ("exit", [code]) => std::process::exit(code.parse().expect("a number")),
        ("rounds", [tree, resident, rounds]) => lifecycle::rounds(tree, resident, rounds),
        ("interact", [tree]) => shell::interact(tree),
        ("greet", _) => shell::greet(),
        ("tell-time", _) => clock::tell(),
        ("shifted", [tree, program]) => clock::shifted(tree, program),
        ("untraced", [tree]) => clock::untraced(tree),
        ("refused", [tree]) => lifecycle::refused(tree),
        ("reap", [tree]) => reaping::reap(tree),
        ("doomed-runner", [tree]) => lifecycle::doomed_runner(tree),
        _ => panic!("nothing has the name {name} {arguments:?}"),
    }
}

static HERE: u8 = 0;

fn end_by_signal() -> Attempt {
    // SAFETY: a plain integer.
    unsafe { libc::raise(libc::SIGKILL) };
    Ok(String::new())
}

fn identity() -> Attempt {
    let read = |name: &str| io(fs::read_to_string(format!("/proc/sys/kernel/{name}")));
    let umask = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    Ok(format!(
        "uid {} gid {} host {} domain {} umask {:03o} dir {} pid {}",
        nix::unistd::getuid(),
        nix::unistd::getgid(),
        read("hostname")?.trim_end(),
        read("domainname")?.trim_end(),
        umask.bits(),
        io(std::env::current_dir())?.display(),
        std::process::id()
    ))
}

fn home() -> Attempt {
    let home = std::env::var("HOME").map_err(|_| Errno::ENOENT)?;
    io(fs::write(format!("{home}/.toolrc"), "x")).map(|()| home)
}

fn machine() -> Attempt {
    let read = |name: &str| io(fs::read_to_string(name));
    let release = nix::sys::utsname::uname()?
        .release()
        .to_string_lossy()
        .into_owned();
    let uptime = read("/proc/uptime")?;
    let seconds = uptime
        .split('.')
        .next()
        .and_then(|seconds| seconds.parse::<u64>().ok());
    Ok(format!(
        "online {} cpus {} release {} uptime {} boot {}",
        read("/sys/devices/system/cpu/online")?.trim_end(),
        std::thread::available_parallelism().map_or(0, usize::from),
        release.get(..3).unwrap_or(&release),
        seconds.is_some_and(|seconds| seconds > 1_000_000),
        read("/proc/sys/kernel/random/boot_id")?.trim_end()
    ))
}

fn links() -> Attempt {
    let mut all = String::new();
    for entry in io(fs::read_dir("/proc/self/ns"))?.flatten() {
        all.push_str(&io(fs::read_link(entry.path()))?.to_string_lossy());
        all.push(' ');
    }
    Ok(all)
}

fn privileges() -> Attempt {
    let status = io(fs::read_to_string("/proc/self/status"))?;
    let mut parts = Vec::new();
    for wanted in [
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
    ] {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(wanted)?.strip_prefix(':'));
        let value = line.unwrap_or("?").trim();
        parts.push(format!(
            "{wanted} {}",
            if value.len() == 16 {
                short(value)
            } else {
                value
            }
        ));
    }
    parts.push("Groups".to_owned());
    Ok(parts.join(" "))
}

/// Sixteen zeros are one.
fn short(hex: &str) -> &str {
    if hex.bytes().all(|digit| digit == b'0') {
        "0"
    } else {
        hex
    }
}

fn start_setuid() -> Attempt {
    let start = |what| {
        let mut program = std::process::Command::new("/setuid");
        io(program.args([crate::attempt::ARGUMENT, what]).output())
    };
    let said = [start("identity")?.stdout, start("privileges")?.stdout].concat();
    Ok(String::from_utf8_lossy(&said).replace('\n', " "))
}

/// Names what can be read of the host although it should be hidden.
fn masks() -> Attempt {
    let hidden = [
        "kallsyms",
        "keys",
        "key-users",
        "config.gz",
        "timer_list",
        "modules",
        "interrupts",
        "cmdline",
        "diskstats",
        "partitions",
        "buddyinfo",
        "kcore",
        "kmsg",
        "acpi",
        "scsi",
        "sys/fs/aio-nr",
        "sys/fs/dentry-state",
        "sys/fs/file-nr",
        "sys/fs/inode-nr",
        "sys/fs/inode-state",
        "sys/kernel/pty/nr",
    ];
    let shown = hidden.iter().filter(|name| {
        let path = format!("/proc/{name}");
        let is_file = fs::read(&path).is_ok_and(|content| !content.is_empty());
        is_file || fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some())
    });
    Ok(shown.copied().collect::<Vec<_>>().join(" "))
}

fn descriptors() -> Attempt {
    let entries = io(fs::read_dir("/proc/self/fd"))?.flatten();
    let listed: BTreeSet<u32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    // The descriptor of the listing itself is closed again.
    let open = listed
        .iter()
        .filter(|number| fs::read_link(format!("/proc/self/fd/{number}")).is_ok());
    let open: Vec<String> = open.map(u32::to_string).collect();
    Ok(open.join(" "))
}

fn input() -> Attempt {
    let mut content = Vec::new();
    let read = io(std::io::Read::read_to_end(
        &mut std::io::stdin(),
        &mut content,
    ))?;
    Ok(format!("{read} bytes"))
}

/// Whether the standard input lies on the mount that this sandbox has of the device.
fn null() -> Attempt {
    let mount = |fd: &str| {
        let info = io(fs::read_to_string(format!("/proc/self/fdinfo/{fd}")))?;
        let line = info.lines().find(|line| line.starts_with("mnt_id"));
        Ok(line.unwrap_or_default().to_owned())
    };
    let own = io(fs::File::open("/dev/null"))?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&own).to_string();
    let is_same = mount("0")? == mount(&number)?;
    Ok(if is_same { "same" } else { "another" }.to_owned())
}

fn session() -> Attempt {
    let own = nix::unistd::getpid();
    let leads = nix::unistd::getsid(None)? == own && nix::unistd::getpgrp() == own;
    Ok(if leads { "leader" } else { "member" }.to_owned())
}

fn environment() -> String {
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    names.join(" ")
}

fn found(path: &Path) -> String {
    if path.exists() { "found" } else { "nothing" }.to_owned()
}

/// How many processes there are, besides this one.
fn others() -> Attempt {
    let is_process =
        |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit();
    let count = io(fs::read_dir("/proc"))?
        .flatten()
        .filter(is_process)
        .count();
    Ok((count - 1).to_string())
}

fn kill_all() -> Attempt {
    // SAFETY: plain integers; this process is not among those killed.
    match Errno::result(unsafe { libc::kill(-1, libc::SIGKILL) }) {
        Ok(_) => Ok("killed".to_owned()),
        Err(errno) => Err(errno),
    }
}
