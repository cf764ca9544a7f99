//! The control groups of one sandbox: made before it, removed after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zwieback_model::enforcement::{Enforcement, Lock, LockState};
use zwieback_model::sandbox_spec::limits::Limits;

use super::layout::{Hierarchy, Version, hierarchies};
use crate::call::CallError;
use crate::kernel::file;
use crate::step::Limit;

/// Groups are called this, the number of the runner's process, and a counter.
const PREFIX: &str = "zwieback-";

/// Pid 1 is in the group as well.
const OWN_PROCESSES: u64 = 1;

/// The control groups of one sandbox; none where the caller may make none.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: Vec<Group>,
    /// The one that limits memory, and the one that limits processes.
    memory: Option<Group>,
    processes: Option<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    dir: PathBuf,
    version: Version,
}

/// The way into one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entrance {
    dir: PathBuf,
    /// Who writes 0 to it is in the group.
    file: PathBuf,
}

impl Groups {
    /// Makes groups where that is possible.
    pub(crate) fn create() -> Self {
        let mut groups = Self::default();
        for hierarchy in readable_hierarchies() {
            // One keeps memory. The unified hierarchy keeps both.
            if groups.all.is_empty()
                && let Some(parent) = parent(hierarchy)
            {
                sweep(&parent);
                groups.all.extend(Group::create(&parent, hierarchy.version));
            }
        }
        groups
    }

    /// Sets their limits, as far as the kernel takes them.
    pub(crate) fn limit(&mut self, limits: &Limits, enforcement: &mut Enforcement) {
        let takes = |done: io::Result<()>, group: &Group| done.is_ok().then(|| group.clone());
        for group in &self.all {
            self.memory = takes(group.limit_memory(limits.memory), group);
            if group.version == Version::Unified {
                self.processes = takes(group.limit_processes(limits.processes), group);
            }
        }
        let (state, detail) = match &self.memory {
            Some(group) => (LockState::Enforced, group.name()),
            None => (
                LockState::Partial,
                "no control group; the runner adds up".to_owned(),
            ),
        };
        enforcement.record(Lock::MemoryLimit, state, detail);
        let detail = match &self.processes {
            Some(group) => format!("{} and rlimit", group.name()),
            None => "rlimit of the user namespace".to_owned(),
        };
        enforcement.record(Lock::ProcessLimit, LockState::Enforced, detail);
    }

    /// The ways into the groups.
    pub(crate) fn entrances(&self) -> Vec<Entrance> {
        self.all.iter().map(Group::entrance).collect()
    }

    /// Leaves it to the supervisor to remove the groups, which it does when pid 1 has ended.
    pub(crate) fn leave(mut self) {
        self.all.clear();
    }

    /// Whether the kernel keeps the sum of memory.
    pub(crate) fn limit_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Whether the kernel tells when it has refused a process.
    pub(crate) fn count_processes(&self) -> bool {
        self.processes.is_some()
    }

    /// The limit that the kernel has enforced since the groups were made.
    pub(crate) fn reached(&self) -> Option<Limit> {
        let memory = self.memory.as_ref().map_or(0, |group| match group.version {
            Version::Unified => group.counter("memory.events", "oom_kill"),
            Version::Memory => group.counter("memory.oom_control", "oom_kill"),
        });
        if memory > 0 {
            return Some(Limit::Memory);
        }
        let processes = self.processes.as_ref();
        let processes = processes.map_or(0, |group| group.counter("pids.events", "max"));
        (processes > 0).then_some(Limit::Processes)
    }

    /// The most memory that was in use.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let group = self.memory.as_ref()?;
        let name = match group.version {
            Version::Unified => "memory.peak",
            Version::Memory => "memory.max_usage_in_bytes",
        };
        group.read(name)?.trim().parse().ok()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        self.all.iter().for_each(Group::remove);
    }
}

impl Group {
    fn create(parent: &Path, version: Version) -> io::Result<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let dir = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&dir)?;
        Ok(Self { dir, version })
    }

    fn limit_memory(&self, bytes: u64) -> io::Result<()> {
        let bytes = bytes.to_string();
        match self.version {
            Version::Unified => self
                .write("memory.max", &bytes)
                .and_then(|()| self.write_where_known("memory.swap.max", "0")),
            Version::Memory => self
                .write("memory.limit_in_bytes", &bytes)
                .and_then(|()| self.write_where_known("memory.memsw.limit_in_bytes", &bytes)),
        }
    }

    fn limit_processes(&self, count: u64) -> io::Result<()> {
        let count = count.saturating_add(OWN_PROCESSES);
        self.write("pids.max", &count.to_string())
    }

    fn entrance(&self) -> Entrance {
        let dir = self.dir.clone();
        let file = dir.join(match self.version {
            Version::Unified => "cgroup.procs",
            // A thread that moves itself needs no lock of the kernel's that waits for all processors.
            Version::Memory => "tasks",
        });
        Entrance { dir, file }
    }

    fn name(&self) -> String {
        match self.version {
            Version::Unified => "cgroup v2".to_owned(),
            Version::Memory => "cgroup v1".to_owned(),
        }
    }

    fn write(&self, name: &str, value: &str) -> io::Result<()> {
        fs::write(self.dir.join(name), value)
    }

    fn write_where_known(&self, name: &str, value: &str) -> io::Result<()> {
        if self.dir.join(name).exists() {
            self.write(name, value)
        } else {
            Ok(())
        }
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.dir.join(name)).ok()
    }

    /// One number of a file of `name number` lines; 0 where there is none.
    fn counter(&self, file: &str, name: &str) -> u64 {
        let text = self.read(file).unwrap_or_default();
        let value = |line: &str| {
            line.strip_prefix(name)?
                .strip_prefix(' ')?
                .trim()
                .parse()
                .ok()
        };
        text.lines().find_map(value).unwrap_or(0)
    }

    fn remove(&self) {
        remove(&self.dir);
    }
}

impl Entrance {
    /// Puts this process into the group.
    pub(crate) fn enter(&self) -> Result<(), CallError> {
        file::write(&self.file, "0")
    }

    /// Removes the group, in which nobody is any more.
    pub(crate) fn remove_group(&self) {
        remove(&self.dir);
    }
}

/// The kernel lets go of a group a moment after its last process is reaped.
fn remove(dir: &Path) {
    for _ in 0..100 {
        match fs::remove_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                thread::sleep(Duration::from_millis(1));
            }
            // What cannot be removed now is swept at the next start.
            _ => return,
        }
    }
}

fn readable_hierarchies() -> &'static [Hierarchy] {
    static FOUND: OnceLock<Vec<Hierarchy>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let groups = file::read("/proc/self/cgroup").unwrap_or_default();
        let mounts = file::read("/proc/self/mountinfo").unwrap_or_default();
        hierarchies(&groups, &mounts)
    })
}

/// The group below which a new one can be made and limited. In the unified hierarchy that is
/// not this process's own: one with processes hands no controllers down (cgroups(7), "no
/// internal processes"), so the nearest one above is taken that does, if it was delegated.
fn parent(hierarchy: &Hierarchy) -> Option<PathBuf> {
    let writable = |dir: &Path| {
        let access = nix::unistd::AccessFlags::W_OK;
        nix::unistd::access(dir, access).is_ok()
            && nix::unistd::access(&dir.join("cgroup.procs"), access).is_ok()
    };
    match hierarchy.version {
        Version::Memory => Some(hierarchy.own.clone()).filter(|dir| writable(dir)),
        Version::Unified => hierarchy
            .own
            .ancestors()
            .take_while(|dir| dir.starts_with(&hierarchy.mount) && writable(dir))
            .find(|dir| hands_down(dir))
            .map(Path::to_owned),
    }
}

fn hands_down(dir: &Path) -> bool {
    let controllers = fs::read_to_string(dir.join("cgroup.subtree_control")).unwrap_or_default();
    let has = |name: &str| controllers.split_ascii_whitespace().any(|c| c == name);
    has("memory") && has("pids")
}

/// Removes the groups of runners that were killed. One that still has processes cannot be removed.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let runner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let runner = runner.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if runner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Still in use by a dying sandbox, perhaps; the next start tries again.
            drop(fs::remove_dir(entry.path()));
        }
    }
}
