//! Looks around in a process that is about to become a step: what would a program see here?

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::personality::{self, Persona};
use nix::sys::stat::{Mode, umask};
use nix::sys::statfs::statfs;
use nix::sys::utsname::uname;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, getcwd, getgid, getpid, getuid};
use zwieback_core::twin::factor::Factor;
use zwieback_core::twin::sighting::Sighting;

/// Times since boot are compared in steps of this many seconds, a good day: two runs are a few
/// seconds apart in any case.
const COARSE: i64 = 100_000;
/// How many files it takes to see an order.
const FILES: u8 = 8;
/// How much of a folder is looked at.
const ENTRIES: usize = 256;

/// What can be seen; what cannot be read is left out, and so proves nothing.
pub(crate) fn around(variables: &BTreeMap<String, String>) -> Sighting {
    let mut seen = BTreeMap::new();
    let mut note = |factor, text: Option<String>| {
        if let Some(text) = text {
            seen.insert(factor, text);
        }
    };
    let variable = |name: &str| variables.get(name).cloned();
    note(Factor::CpuCount, cpus());
    note(Factor::CpuModel, line_of("/proc/cpuinfo", "model name"));
    note(Factor::Uptime, uptime());
    note(
        Factor::BootId,
        line_of("/proc/sys/kernel/random/boot_id", ""),
    );
    note(Factor::Aslr, layout());
    note(Factor::Pids, Some(getpid().to_string()));
    let drawn = drawn();
    note(Factor::Entropy, drawn.clone());
    note(Factor::HashSeed, drawn);
    note(Factor::Home, variable("HOME"));
    note(Factor::Tmpdir, variable("TMPDIR"));
    note(Factor::Timezone, variable("TZ"));
    note(Factor::Locale, variable("LC_ALL"));
    note(Factor::Columns, variable("COLUMNS"));
    note(Factor::Env, Some(names(variables)));
    note(Factor::Umask, Some(mask()));
    note(Factor::User, Some(format!("{}:{}", getuid(), getgid())));
    if let Ok(name) = uname() {
        let text = |text: &OsStr| Some(text.to_string_lossy().into_owned());
        note(Factor::Kernel, text(name.release()));
        note(Factor::Hostname, text(name.nodename()));
    }
    if let Ok(here) = getcwd() {
        note(Factor::BuildPath, Some(here.display().to_string()));
        note(Factor::SourceMtime, oldest(&here));
        note(Factor::Inode, place(&here));
        note(Factor::ParentDir, Some(above(&here)));
    }
    let scratch = variable("TMPDIR").unwrap_or_else(|| "/tmp".to_owned());
    note(Factor::ReaddirOrder, order(Path::new(&scratch)));
    Sighting(seen)
}

fn cpus() -> Option<String> {
    let mine = sched_getaffinity(Pid::from_raw(0)).ok()?;
    let count = (0..CpuSet::count()).filter(|cpu| mine.is_set(*cpu) == Ok(true));
    let online = line_of("/sys/devices/system/cpu/online", "")?;
    Some(format!("{} CPUs, {online}", count.count()))
}

/// The first line of a file that begins like this.
fn line_of(path: &str, begin: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .find(|line| line.starts_with(begin))
        .map(str::to_owned)
}

fn uptime() -> Option<String> {
    let since = clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?.tv_sec();
    Some(format!("{} · {COARSE} s", since / COARSE))
}

fn layout() -> Option<String> {
    let fixed = personality::get()
        .ok()?
        .contains(Persona::ADDR_NO_RANDOMIZE);
    Some(if fixed { "fixed" } else { "random" }.to_owned())
}

fn drawn() -> Option<String> {
    let mut bytes = [0_u8; 8];
    // SAFETY: the pointer and the length are those of a local that outlives the call.
    let length = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    (length == 8).then(|| format!("{:016x}", u64::from_ne_bytes(bytes)))
}

fn names(variables: &BTreeMap<String, String>) -> String {
    let names: Vec<&str> = variables.keys().map(String::as_str).collect();
    names.join(" ")
}

/// The mask can be read only by setting it.
fn mask() -> String {
    let mask = umask(Mode::empty());
    umask(mask);
    format!("{:03o}", mask.bits())
}

/// The oldest entry: what a patch has written is new in any case.
fn oldest(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten().take(ENTRIES);
    let times = entries.filter_map(|entry| Some(entry.metadata().ok()?.mtime()));
    times.min().map(|time| time.to_string())
}

fn place(folder: &Path) -> Option<String> {
    let kind = statfs(folder).ok()?.filesystem_type().0;
    let inode = fs::metadata(folder).ok()?.ino();
    Some(format!("inode {inode} of {kind:#x}"))
}

/// Repositories in the folders above.
fn above(folder: &Path) -> String {
    let found = folder
        .ancestors()
        .skip(1)
        .filter(|it| it.join(".git").exists());
    let found: Vec<_> = found.map(|it| it.display().to_string()).collect();
    if found.is_empty() {
        "nothing".to_owned()
    } else {
        format!(".git in {}", found.join(" "))
    }
}

/// In which order a folder lists files that were made by name.
fn order(scratch: &Path) -> Option<String> {
    let folder = scratch.join(".zwieback-order");
    fs::create_dir(&folder).ok()?;
    let made = (b'a'..b'a' + FILES).try_for_each(|name| {
        let name = [name];
        fs::write(folder.join(OsStr::from_bytes(&name)), "")
    });
    let listed: Option<String> = fs::read_dir(&folder).ok().map(|entries| {
        let names = entries.flatten().map(|entry| entry.file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    });
    // A step must not find it.
    fs::remove_dir_all(&folder).ok()?;
    made.ok().and(listed)
}
