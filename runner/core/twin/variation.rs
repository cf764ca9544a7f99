//! How run A and run B differ, by profile, and which factor that varies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conditions::{Conditions, RunName, StagingOrder};
use super::factor::{Factor, FactorState};
use crate::manifest::recipe::Profile;
use crate::sandbox_spec::operation::Medium;

/// Zip archives keep times in steps of 2 s, the coarsest grain in use (APPNOTE.TXT 4.4.6).
/// A full second more leaves room for the time that staging takes.
const STAGGER_MS: u64 = 3_000;

/// 400 d 7 h 13 m 17 s: another year, month, weekday, hour, minute and second.
const CLOCK_OFFSET: i64 = ((400 * 24 + 7) * 60 + 13) * 60 + 17;

/// A fortnight and some: another day, hour and minute of the time since boot.
const UPTIME_OFFSET: i64 = 1_299_827;

/// What the planner has to know of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// CPUs that this process may use; never empty.
    pub cpus: Vec<u16>,
    /// Bytes that a run may take in memory for its writable places.
    pub tmpfs_budget: u64,
    /// Whether the first process number of a namespace can be chosen (`ns_last_pid`).
    pub chooses_pids: bool,
}

/// The conditions of both runs and what that makes of each factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variation {
    /// The profile they were made for.
    pub profile: Profile,
    /// The plain run.
    pub a: Conditions,
    /// The varied run.
    pub b: Conditions,
}

impl Variation {
    /// The conditions that a profile asks for on this machine.
    pub fn plan(profile: Profile, machine: &Machine, disk_limit: u64) -> Self {
        let a = plain(machine, disk_limit);
        let b = match profile {
            Profile::Hermetic => varied(&a, machine),
            Profile::Strict => strict(varied(&a, machine)),
        };
        Self { profile, a, b }
    }

    /// The conditions of one run.
    pub fn conditions(&self, run: RunName) -> &Conditions {
        match run {
            RunName::A => &self.a,
            RunName::B => &self.b,
        }
    }

    /// What the plan makes of each factor. What the kernel then refuses is found by the runs.
    pub fn states(&self) -> BTreeMap<Factor, FactorState> {
        Factor::ALL
            .into_iter()
            .map(|factor| (factor, self.state(factor)))
            .collect()
    }

    /// The factors that differ, for one line on the screen.
    pub fn varied(&self) -> Vec<Factor> {
        let varied = |factor: &Factor| matches!(self.state(*factor), FactorState::Varied { .. });
        Factor::ALL.into_iter().filter(varied).collect()
    }

    fn state(&self, factor: Factor) -> FactorState {
        let (a, b) = (&self.a, &self.b);
        match factor {
            Factor::Clock => unshifted(a.clock_offset, b.clock_offset),
            Factor::CreatedMtime => Self::created_mtime(b),
            Factor::SourceMtime => fixed_unless(a.source_mtime_offset, b.source_mtime_offset),
            Factor::ReaddirOrder => fixed_unless(word(a.staging), word(b.staging)),
            Factor::Inode => Self::inode(a, b),
            Factor::CpuCount => Self::cpu_count(a, b),
            Factor::CpuFeatures => uncontrolled("both runs use this machine's CPU"),
            Factor::Kernel => Self::kernel(a, b),
            Factor::Uptime => fixed_unless(a.uptime_offset, b.uptime_offset),
            Factor::BootId => differs("each run has its own"),
            Factor::Aslr => Self::aslr(a, b),
            Factor::Pids => Self::pids(a, b),
            Factor::Entropy | Factor::HashSeed => differs("real random bytes in both runs"),
            Factor::BuildPath => fixed_unless(&a.build_path, &b.build_path),
            Factor::Home => fixed_unless(&a.home, &b.home),
            Factor::Tmpdir => fixed_unless(&a.tmpdir, &b.tmpdir),
            Factor::Umask => fixed_unless(format!("{:03o}", a.umask), format!("{:03o}", b.umask)),
            Factor::User => fixed_unless(&a.user, &b.user),
            Factor::Hostname => fixed_unless(&a.hostname, &b.hostname),
            Factor::Timezone => fixed_unless(&a.timezone, &b.timezone),
            Factor::Locale => fixed_unless(&a.locale, &b.locale),
            Factor::Columns => fixed_unless(a.columns, b.columns),
            Factor::Env => fixed_unless(a.env.len(), b.env.len()),
            Factor::ParentDir => fixed_unless(git(a), git(b)),
            Factor::Scheduling => uncontrolled("the kernel decides"),
        }
    }

    fn created_mtime(b: &Conditions) -> FactorState {
        differs(&format!(
            "run B starts {} s or more after run A",
            b.stagger_ms / 1000
        ))
    }

    fn inode(a: &Conditions, b: &Conditions) -> FactorState {
        if a.medium == b.medium {
            differs("inode numbers; both runs lie on the same kind of file system")
        } else {
            differs("A lies in memory, B on disk")
        }
    }

    fn cpu_count(a: &Conditions, b: &Conditions) -> FactorState {
        if a.cpus.len() == b.cpus.len() {
            ineffective("this machine has a single CPU")
        } else {
            differs(&format!("{} and {}", a.cpus.len(), b.cpus.len()))
        }
    }

    fn kernel(a: &Conditions, b: &Conditions) -> FactorState {
        if a.old_kernel == b.old_kernel {
            uncontrolled("both runs use this machine's kernel")
        } else {
            differs("B sees a 2.6 release")
        }
    }

    fn aslr(a: &Conditions, b: &Conditions) -> FactorState {
        if a.aslr == b.aslr {
            differs("random in both runs")
        } else {
            differs("off in A, on in B")
        }
    }

    fn pids(a: &Conditions, b: &Conditions) -> FactorState {
        if a.first_pid == b.first_pid {
            ineffective("this kernel does not let a namespace choose its process numbers")
        } else {
            differs(&format!("from {} and {}", a.first_pid, b.first_pid))
        }
    }
}

fn plain(machine: &Machine, disk_limit: u64) -> Conditions {
    Conditions {
        run: RunName::A,
        build_path: "/build".into(),
        home: "/tmp/home".into(),
        tmpdir: "/tmp".into(),
        uid: 1000,
        gid: 1000,
        user: "build".into(),
        hostname: "localhost".into(),
        umask: 0o022,
        timezone: "UTC".into(),
        locale: "C.UTF-8".into(),
        columns: 80,
        env: BTreeMap::new(),
        staging: StagingOrder::Sorted,
        medium: if disk_limit <= machine.tmpfs_budget {
            Medium::Memory
        } else {
            Medium::Disk
        },
        source_mtime_offset: 0,
        cpus: machine.cpus.clone(),
        clock_offset: 0,
        stagger_ms: 0,
        uptime_offset: 0,
        aslr: false,
        old_kernel: false,
        first_pid: 2,
        stray_git: false,
    }
}

/// What another machine would vary, whatever the sandbox fixes.
fn varied(a: &Conditions, machine: &Machine) -> Conditions {
    Conditions {
        run: RunName::B,
        staging: StagingOrder::Reversed,
        medium: Medium::Disk,
        // The last ones, so that a single-threaded step of A keeps the first to itself.
        cpus: machine.cpus[usize::from(machine.cpus.len() > 1)..].to_vec(),
        clock_offset: CLOCK_OFFSET,
        stagger_ms: STAGGER_MS,
        uptime_offset: UPTIME_OFFSET,
        aslr: true,
        old_kernel: true,
        first_pid: if machine.chooses_pids {
            7_777
        } else {
            a.first_pid
        },
        ..a.clone()
    }
}

/// What the sandbox would have fixed.
fn strict(b: Conditions) -> Conditions {
    Conditions {
        build_path: "/build/elsewhere/of-another-length".into(),
        home: "/tmp/home-of-another-user".into(),
        tmpdir: "/tmp/elsewhere".into(),
        uid: 1234,
        gid: 2345,
        user: "builder".into(),
        hostname: "another-host".into(),
        umask: 0o002,
        locale: "C".into(),
        // POSIX form, which needs no zone database: 14 hours ahead of UTC.
        timezone: "XXX-14".into(),
        columns: 133,
        env: BTreeMap::from([(
            "ZWIEBACK_STRAY".into(),
            "a variable of another machine".into(),
        )]),
        source_mtime_offset: -86_399,
        stray_git: true,
        ..b
    }
}

fn differs(how: &str) -> FactorState {
    FactorState::Varied {
        how: how.to_owned(),
    }
}

fn ineffective(reason: &str) -> FactorState {
    FactorState::Ineffective {
        reason: reason.to_owned(),
    }
}

fn uncontrolled(reason: &str) -> FactorState {
    FactorState::Uncontrolled {
        reason: reason.to_owned(),
    }
}

fn unshifted(a: i64, b: i64) -> FactorState {
    if a == b {
        uncontrolled("the wall clock is this machine's; the runs differ by the stagger alone")
    } else {
        differs(&format!("B is ahead by {} s", b - a))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "numbers and borrowed text both pass here"
)]
fn fixed_unless<T: PartialEq + std::fmt::Display>(a: T, b: T) -> FactorState {
    if a == b {
        FactorState::Fixed
    } else {
        differs(&format!("{a} and {b}"))
    }
}

fn word(order: StagingOrder) -> &'static str {
    match order {
        StagingOrder::Sorted => "created in order",
        StagingOrder::Reversed => "created in reverse",
    }
}

fn git(conditions: &Conditions) -> &'static str {
    if conditions.stray_git {
        "a stray .git"
    } else {
        "nothing"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine {
            cpus: vec![0, 1],
            tmpfs_budget: 8 << 30,
            chooses_pids: true,
        }
    }

    fn states(profile: Profile) -> BTreeMap<Factor, FactorState> {
        Variation::plan(profile, &machine(), 1 << 30).states()
    }

    #[test]
    fn hermetic_fixes_what_the_sandbox_can() {
        let states = states(Profile::Hermetic);
        for factor in [
            Factor::BuildPath,
            Factor::Umask,
            Factor::User,
            Factor::Timezone,
            Factor::ParentDir,
        ] {
            assert_eq!(states[&factor], FactorState::Fixed, "{factor}");
        }
    }

    #[test]
    fn strict_varies_what_hermetic_fixes() {
        let states = states(Profile::Strict);
        for factor in [
            Factor::BuildPath,
            Factor::Umask,
            Factor::User,
            Factor::Timezone,
            Factor::ParentDir,
        ] {
            assert_eq!(states[&factor].word(), "varied", "{factor}");
        }
    }

    #[test]
    fn a_single_cpu_is_said_to_vary_nothing() {
        let machine = Machine {
            cpus: vec![3],
            ..machine()
        };
        let variation = Variation::plan(Profile::Hermetic, &machine, 1 << 30);
        assert_eq!(variation.states()[&Factor::CpuCount].word(), "ineffective");
        assert_eq!(variation.b.cpus, [3]);
    }

    #[test]
    fn what_does_not_fit_into_memory_lies_on_disk() {
        let variation = Variation::plan(Profile::Hermetic, &machine(), 1 << 40);
        assert_eq!(variation.a.medium, Medium::Disk);
    }

    #[test]
    fn the_stagger_exceeds_the_coarsest_grain() {
        assert!(
            Variation::plan(Profile::Hermetic, &machine(), 0)
                .b
                .stagger_ms
                > 2_000
        );
    }
}
