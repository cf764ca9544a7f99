//! The probes: for each factor, what a program of the step would see of it.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::statfs::{FsType, TMPFS_MAGIC, statfs};
use nix::time::{ClockId, clock_gettime};
use zwieback_model::variation::factor::Factor;
use zwieback_model::variation::sighting::{self, Sighting, VARIABLES};

use super::answers::Answers;
use super::child;
use super::folder::OwnFolder;
use super::program::STACK_END;
use crate::kernel::file;
use crate::supervise::cpuid;

/// How much of a folder is looked at.
const ENTRIES: usize = 256;

/// What the clocks say where nothing shifts them.
#[derive(Clone, Copy)]
pub(crate) struct HostClocks {
    wall: i64,
    since_boot: i64,
}

impl HostClocks {
    /// Read by pid 1, which is under no shift and in no time namespace of its own.
    pub(crate) fn read() -> Option<Self> {
        let read = |clock| clock_gettime(clock).map(|time| time.tv_sec()).ok();
        Some(Self {
            wall: read(ClockId::CLOCK_REALTIME)?,
            since_boot: read(ClockId::CLOCK_BOOTTIME)?,
        })
    }
}

/// What can be seen; what cannot be is left out, and so proves nothing.
pub(crate) fn around(env: &[CString], clocks: Option<HostClocks>) -> Sighting {
    let view = View::open(env, clocks);
    let see = |factor: Factor| Some((factor, view.see(factor)?));
    Sighting(Factor::ALL.into_iter().filter_map(see).collect())
}

/// What all probes look at.
struct View {
    /// What a program that was started here says.
    program: Option<Answers>,
    variables: BTreeMap<String, String>,
    clocks: Option<HostClocks>,
    /// The work folder, as it lay before this process wrote to it.
    oldest: Option<i64>,
    order: Option<String>,
    made: Option<i64>,
    mask: Option<u32>,
}

impl View {
    fn open(env: &[CString], clocks: Option<HostClocks>) -> Self {
        let here = Path::new(".");
        let oldest = oldest(here);
        let folder = OwnFolder::make(here).ok();
        let folder = folder.as_ref();
        let order = folder.and_then(|folder| folder.order().ok());
        let program = folder.and_then(|folder| child::ask(folder, env));
        let variables = program.iter().flat_map(Answers::variables).collect();
        Self {
            variables,
            program,
            clocks,
            oldest,
            order,
            made: folder.and_then(|folder| folder.made().ok()),
            mask: folder.and_then(|folder| folder.mask().ok()),
        }
    }

    /// The words are held against `zwieback_model::variation::claim`.
    fn see(&self, factor: Factor) -> Option<String> {
        let program = self.program.as_ref();
        match factor {
            Factor::Clock => self.clock(),
            Factor::CreatedMtime => Some(format!("{} s ahead", self.made? - self.clocks?.wall)),
            Factor::SourceMtime => self.source_mtime(),
            Factor::ReaddirOrder => self.order.clone(),
            Factor::Inode => place(Path::new(".")),
            Factor::CpuCount => self.cpus(),
            Factor::Memory => self.memory(),
            Factor::CpuModel => model(),
            Factor::CpuFeatures => program.map(|program| features(program).to_owned()),
            Factor::Kernel => program?.names().map(|[release, _]| release),
            Factor::Uptime => self.uptime(),
            Factor::BootId => first_line("/proc/sys/kernel/random/boot_id"),
            Factor::Aslr => program.map(|program| layout(program).to_owned()),
            Factor::Pids => program?.pid().map(|pid| pid.to_string()),
            Factor::Entropy => {
                let program = program?;
                Some(format!(
                    "{} {}",
                    hex(program.drawn()?),
                    hex(program.started_with()?)
                ))
            }
            Factor::HashSeed => self.hash_seed(),
            Factor::BuildPath => program?.folder(),
            Factor::OutPath
            | Factor::Home
            | Factor::Tmpdir
            | Factor::Timezone
            | Factor::Locale
            | Factor::Columns => self.variable(factor),
            Factor::Umask => self.mask.map(|mask| format!("{mask:03o}")),
            Factor::User => self.user(),
            Factor::Hostname => program?.names().map(|[_, host]| host),
            Factor::Env => Some(self.names()),
            Factor::ParentDir => Some(above(Path::new(&program?.folder()?))),
            // Which of two processes comes first is told by no single look.
            Factor::Scheduling => None,
        }
    }

    fn variable(&self, factor: Factor) -> Option<String> {
        let (name, _) = VARIABLES.iter().find(|(_, one)| *one == factor)?;
        self.variables.get(*name).cloned()
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        names.join(" ")
    }

    /// By every way to read it. A program that has a vDSO reads the host's clock there.
    fn clock(&self) -> Option<String> {
        let (program, host) = (self.program.as_ref()?, self.clocks?.wall);
        let mut ways: Vec<i64> = program.clocks().iter().map(|clock| clock - host).collect();
        if program.has_vdso() {
            ways.push(0);
        }
        let (least, most) = (*ways.iter().min()?, *ways.iter().max()?);
        Some(if most - least <= 2 {
            format!("{least} s ahead")
        } else {
            format!("from {least} to {most} s ahead")
        })
    }

    fn uptime(&self) -> Option<String> {
        let since = self.program.as_ref()?.since_boot()?;
        let told = first_line("/proc/uptime")?;
        let told: i64 = told.split('.').next()?.parse().ok()?;
        let load = first_line("/proc/loadavg")?;
        Some(if told.abs_diff(since) <= 2 {
            format!("{} s ahead, load {load}", since - self.clocks?.since_boot)
        } else {
            format!("{since} s by the clock, {told} s in /proc/uptime")
        })
    }

    /// Relative to what the steps are told to write instead.
    fn source_mtime(&self) -> Option<String> {
        let epoch: i64 = self.variables.get("SOURCE_DATE_EPOCH")?.parse().ok()?;
        Some((self.oldest? - epoch).to_string())
    }

    /// By the call and by `/proc/meminfo`.
    fn memory(&self) -> Option<String> {
        let told = format!("{} kB", self.program.as_ref()?.memory()? / 1024);
        let text = file::read("/proc/meminfo").ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))?;
        let written = line.trim();
        Some(if written == told {
            told
        } else {
            format!("{told}, {written} in /proc/meminfo")
        })
    }

    /// By every way to count them that has an answer.
    fn cpus(&self) -> Option<String> {
        let mine = self.program.as_ref()?.cpus()?;
        let online = first_line("/sys/devices/system/cpu/online").and_then(|list| count(&list));
        let counts = [
            (online, "online"),
            (lines_of("/proc/cpuinfo", "processor"), "in /proc/cpuinfo"),
            (
                lines_of("/proc/stat", "cpu").map(|all| all.saturating_sub(1)),
                "in /proc/stat",
            ),
        ];
        let mut text = mine.to_string();
        for (counted, place) in counts {
            match counted {
                Some(counted) if counted != mine => {
                    write!(text, ", {counted} {place}").expect("writing to a string cannot fail");
                }
                _ => {}
            }
        }
        Some(text)
    }

    fn user(&self) -> Option<String> {
        let [user, group] = self.program.as_ref()?.user()?;
        let users = file::read("/etc/passwd").ok()?;
        let number = user.to_string();
        let mut lines = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        let name =
            lines.find_map(|fields| (*fields.get(2)? == number).then_some(fields[0].to_owned()));
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        Some(format!("{user}:{group} {name}"))
    }

    /// Language run times take what they were started with, unless they are given a seed.
    fn hash_seed(&self) -> Option<String> {
        sighting::seed(&self.variables)
            .or_else(|| Some(hex(self.program.as_ref()?.started_with()?)))
    }
}

/// Instructions that the CPU tells a program of.
fn features(program: &Answers) -> &'static str {
    if cpuid::is_plain(|leaf| program.cpuid(leaf)) {
        "neither AVX nor what came later"
    } else {
        "AVX or what came later"
    }
}

fn layout(program: &Answers) -> &'static str {
    if program.stack_end() == STACK_END {
        "fixed"
    } else {
        "random"
    }
}

fn first_line(path: &str) -> Option<String> {
    let text = file::read(path).ok()?;
    text.lines().next().map(str::to_owned)
}

fn model() -> Option<String> {
    let text = file::read("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_owned())
}

fn lines_of(path: &str, begin: &str) -> Option<u32> {
    let text = file::read(path).ok()?;
    let count = text.lines().filter(|line| line.starts_with(begin)).count();
    u32::try_from(count).ok()
}

/// How many numbers a list such as `0-3,6` has.
fn count(list: &str) -> Option<u32> {
    let span = |span: &str| {
        let (from, to) = span.split_once('-').unwrap_or((span, span));
        let (from, to) = (from.parse::<u32>().ok()?, to.parse::<u32>().ok()?);
        Some(to.checked_sub(from)? + 1)
    };
    list.trim().split(',').map(span).sum()
}

/// The oldest entry: what a patch has written is new in any case.
fn oldest(folder: &Path) -> Option<i64> {
    let entries = fs::read_dir(folder).ok()?.flatten().take(ENTRIES);
    let times = entries.filter_map(|entry| Some(entry.metadata().ok()?.mtime()));
    times.min()
}

fn place(folder: &Path) -> Option<String> {
    // linux/magic.h.
    const RAMFS: FsType = FsType(0x8584_58f6);
    let kind = statfs(folder).ok()?.filesystem_type();
    let inode = fs::metadata(folder).ok()?.ino();
    Some(if kind == TMPFS_MAGIC || kind == RAMFS {
        format!("memory, inode {inode}")
    } else {
        format!("disk of kind {:#x}, inode {inode}", kind.0)
    })
}

/// Repositories in this folder and those above: where a program looks for one.
fn above(folder: &Path) -> String {
    let found = folder.ancestors();
    let found = found.filter(|folder| folder.join(".git").exists());
    let found: Vec<_> = found.map(|folder| folder.display().to_string()).collect();
    if found.is_empty() {
        "nothing".to_owned()
    } else {
        format!(".git in {}", found.join(" "))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
