//! What the planner has to know of this machine.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use rustix::thread::{CpuSet, sched_getaffinity};
use zwieback_model::variation::varied::Machine;

/// What lets a namespace choose its next process number (`CONFIG_CHECKPOINT_RESTORE`).
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

/// Looks at this machine. `jobs` is the most CPUs that a run may use.
pub fn look(jobs: Option<u16>) -> Machine {
    Machine {
        memory: meminfo("MemTotal"),
        tmpfs_budget: available_memory() / 2,
        chooses_pids: Path::new(LAST_PID).exists(),
        faults_cpuid: faults_cpuid(),
        ..glance(jobs)
    }
}

/// The same for whoever runs nothing twice and keeps everything in memory: only CPUs are counted,
/// and nothing is known that another run could vary.
pub fn glance(jobs: Option<u16>) -> Machine {
    let mut cpus = cpus();
    if let Some(jobs) = jobs {
        cpus.truncate(usize::from(jobs).max(1));
    }
    Machine {
        cpus,
        memory: 0,
        tmpfs_budget: 0,
        chooses_pids: false,
        faults_cpuid: false,
        locale: None,
    }
}

/// Whether `arch_prctl(ARCH_SET_CPUID)` works here: the kernel says so as a flag of the CPU.
fn faults_cpuid() -> bool {
    // The kernel writes a page for each CPU, and all of them say the same.
    let lines = File::open("/proc/cpuinfo").map(|file| BufReader::new(file).lines());
    let mut lines = lines.into_iter().flatten().map_while(Result::ok);
    let flags = lines.find(|line| line.starts_with("flags"));
    flags.is_some_and(|line| line.split_whitespace().any(|flag| flag == "cpuid_fault"))
}

/// The CPUs this process may use; the first alone where the kernel does not say.
fn cpus() -> Vec<u16> {
    let Ok(set) = sched_getaffinity(None) else {
        return vec![0];
    };
    let last = u16::try_from(CpuSet::MAX_CPU).unwrap_or(u16::MAX);
    (0..last)
        .filter(|cpu| set.is_set(usize::from(*cpu)))
        .collect()
}

/// Bytes of memory that could be had; nothing where the kernel does not say.
pub fn available_memory() -> u64 {
    meminfo("MemAvailable")
}

/// A size of `proc_meminfo(5)`, in bytes.
fn meminfo(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let rest = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = rest.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
