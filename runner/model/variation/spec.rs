//! From the conditions of a run to its sandbox.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::conditions::Conditions;
use crate::sandbox_spec::environment::Environment;
use crate::sandbox_spec::identity::{
    AddressLayout, ClockOffsets, Identity, KernelRelease, Machine,
};
use crate::sandbox_spec::inside_path::InsidePath;
use crate::sandbox_spec::limits::Limits;
use crate::sandbox_spec::spec::SandboxSpec;
use crate::sandbox_spec::standard;

/// What a kernel of another machine says of itself.
const OLD_RELEASE: &str = "2.6.78";
const OLD_VERSION: &str = "#2 SMP Thu Feb 24 01:02:03 XXX 2011";
const OLD_BANNER: &str =
    "Linux version 2.6.78 (another@machine) (another compiler) #2 SMP Thu Feb 24 01:02:03 XXX 2011";

/// The sandbox of a run. `toolchain` is the environment that the toolchains bring, `recipe` the recipe's own.
pub fn sandbox(
    conditions: &Conditions,
    limits: Limits,
    source_date_epoch: i64,
    toolchain: &Environment,
    recipe: &Environment,
) -> SandboxSpec {
    let mut environment = own_environment(conditions, source_date_epoch);
    // What the sandbox fixes comes last in rank for values a recipe may choose, first for those
    // it may not: the recipe's parser refuses the latter.
    environment.extend(toolchain.clone());
    environment.extend(recipe.clone());
    let standard = standard::Conditions {
        identity: identity(conditions),
        machine: machine(conditions),
        work: conditions.medium,
        out: conditions.medium,
        tmp: conditions.medium,
        umask: Some(conditions.umask),
        visible_cpus: u16::try_from(conditions.cpus.len()).ok(),
        files: files(conditions),
        environment,
    };
    SandboxSpec::for_build(standard, limits)
}

fn own_environment(conditions: &Conditions, source_date_epoch: i64) -> Environment {
    let mut environment = conditions.env.clone();
    for (name, value) in [
        ("OUT", conditions.out_path.clone()),
        ("HOME", conditions.home.clone()),
        ("TMPDIR", conditions.tmpdir.clone()),
        ("TZ", conditions.timezone.clone()),
        ("LC_ALL", conditions.locale.clone()),
        ("LANG", conditions.locale.clone()),
        ("COLUMNS", conditions.columns.to_string()),
        ("SOURCE_DATE_EPOCH", source_date_epoch.to_string()),
        ("ZWIEBACK_JOBS", conditions.cpus.len().to_string()),
    ] {
        environment.insert(name.to_owned(), value);
    }
    environment
}

fn identity(conditions: &Conditions) -> Identity {
    Identity {
        uid: conditions.uid,
        gid: conditions.gid,
        user: conditions.user.clone(),
        hostname: conditions.hostname.clone(),
        ..Identity::default()
    }
}

fn machine(conditions: &Conditions) -> Machine {
    Machine {
        layout: if conditions.aslr {
            AddressLayout::Random
        } else {
            AddressLayout::Fixed
        },
        release: if conditions.old_kernel {
            KernelRelease::Linux26
        } else {
            KernelRelease::Host
        },
        cpus: conditions.cpus.clone(),
        clocks: ClockOffsets {
            monotonic: conditions.uptime_offset,
            boottime: conditions.uptime_offset,
        },
        wall_clock_offset: conditions.clock_offset,
        file_times_offset: conditions.file_times_offset,
        memory: withheld(conditions),
        first_pid: Some(conditions.first_pid).filter(|pid| *pid > 2),
        instructions: conditions.instructions,
        entropy: conditions.entropy,
        ..Machine::default()
    }
}

/// What steps are told, if it is not all of the machine's memory.
fn withheld(conditions: &Conditions) -> Option<u64> {
    let Conditions {
        memory,
        memory_withheld,
        ..
    } = *conditions;
    (memory_withheld > 0).then(|| memory.saturating_sub(memory_withheld))
}

/// What `/proc` would tell of the host.
fn files(conditions: &Conditions) -> BTreeMap<InsidePath, String> {
    let Conditions { boot_id, load, .. } = conditions;
    let mut files = BTreeMap::from([
        (
            InsidePath::literal("/proc/cpuinfo"),
            cpuinfo(conditions.cpus.len(), &conditions.cpu_model),
        ),
        (
            InsidePath::literal("/proc/stat"),
            stat(conditions.cpus.len()),
        ),
        (InsidePath::literal("/proc/loadavg"), format!("{load}\n")),
        (
            InsidePath::literal("/proc/sys/kernel/random/boot_id"),
            format!("{boot_id}\n"),
        ),
    ]);
    if conditions.old_kernel {
        // uname(2) is the kernel's own doing, by personality(2); its files know no personality.
        for (at, content) in [
            ("/proc/sys/kernel/osrelease", OLD_RELEASE),
            ("/proc/sys/kernel/version", OLD_VERSION),
            ("/proc/version", OLD_BANNER),
        ] {
            files.insert(InsidePath::literal(at), format!("{content}\n"));
        }
    }
    if let Some(memory) = withheld(conditions) {
        files.insert(InsidePath::literal("/proc/meminfo"), meminfo(memory));
    }
    files
}

/// Memory of which half is taken, and no swap (`proc_meminfo(5)`).
fn meminfo(bytes: u64) -> String {
    let (total, free) = (bytes / 1024, bytes / 2048);
    let lines = [
        ("MemTotal", total),
        ("MemFree", free),
        ("MemAvailable", free),
        ("Buffers", 0),
        ("Cached", 0),
        ("SwapCached", 0),
        ("SwapTotal", 0),
        ("SwapFree", 0),
    ];
    let line = |(name, size)| format!("{:<15} {size:>8} kB\n", format!("{name}:"));
    lines.map(line).concat()
}

/// As many processors as the run may use, of no make that there is.
fn cpuinfo(count: usize, model: &str) -> String {
    let mut text = String::new();
    for number in 0..count {
        writeln!(
            text,
            "processor\t: {number}\nvendor_id\t: zwieback\nmodel name\t: {model}\ncpu cores\t: {count}\n\
             siblings\t: {count}\nbogomips\t: 1000.00\n"
        )
        .expect("writing to a string cannot fail");
    }
    text
}

fn stat(count: usize) -> String {
    let mut text = "cpu  0 0 0 0 0 0 0 0 0 0\n".to_owned();
    for number in 0..count {
        writeln!(text, "cpu{number} 0 0 0 0 0 0 0 0 0 0").expect("writing to a string cannot fail");
    }
    text.push_str("intr 0\nctxt 0\nbtime 0\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox_spec::limits::DISK;
    use crate::variation::choice::Choice;
    use crate::variation::conditions::RunName;
    use crate::variation::profile::Profile;
    use crate::variation::test_machine;
    use crate::variation::varied::{Machine, Variation};

    fn spec(run: RunName) -> SandboxSpec {
        let machine = Machine {
            faults_cpuid: false,
            ..test_machine::machine()
        };
        let choice = Choice::default();
        let variation = Variation::plan(Profile::Hermetic, &choice, &machine, DISK);
        let limits = Limits::default();
        let recipe = Environment::from([("CFLAGS".to_owned(), "-O2".to_owned())]);
        sandbox(
            variation.conditions(run),
            limits,
            1_000_000_000,
            &Environment::new(),
            &recipe,
        )
    }

    #[test]
    fn a_spec_needs_no_kernel() {
        for run in [RunName::A, RunName::B] {
            spec(run).check().unwrap();
        }
    }

    #[test]
    fn the_runs_differ_in_what_was_meant_to() {
        let (a, b) = (spec(RunName::A), spec(RunName::B));
        assert_eq!(a.machine.cpus.len(), 2);
        assert_eq!(b.environment["ZWIEBACK_JOBS"], "1");
        let mut equal = b.environment.clone();
        equal.insert("ZWIEBACK_JOBS".into(), "2".into());
        assert_eq!(a.environment, equal);
        assert_eq!(a.identity, b.identity);
    }
}
