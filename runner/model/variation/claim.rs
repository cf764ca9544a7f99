//! The claims of a plan: how the runs are to differ in a factor, and what a probe in each must see then.
//!
//! One table holds both, so that nothing can be said to be varied of which nothing tells what to look for.

use std::fmt::Display;

use super::conditions::{Conditions, StagingOrder};
use super::expected::Expected;
use super::factor::Factor;
use super::varied::Variation;
use crate::sandbox_spec::identity::Instructions;
use crate::sandbox_spec::operation::Medium;

/// That the runs differ in a factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// How, in a few words.
    pub how: String,
    /// What a probe must have seen in run A and in run B. What they saw must differ as well.
    pub sees: [Expected; 2],
}

impl Variation {
    /// How the runs differ in a factor, and what is seen then. Where nothing inside of a run could
    /// tell, the reason for that: such a factor is not varied.
    pub fn claim(&self, factor: Factor) -> Result<Claim, &'static str> {
        let (a, b) = (&self.a, &self.b);
        Ok(match factor {
            Factor::Clock => clock(a, b),
            Factor::CreatedMtime => created(a, b),
            Factor::SourceMtime => Claim::both(a.source_mtime_offset, b.source_mtime_offset),
            Factor::ReaddirOrder => Claim::unlike(both(word(a.staging), word(b.staging))),
            Factor::Inode => Claim::new(lying(a, b), on(a.medium), on(b.medium)),
            Factor::CpuCount => Claim::both(a.cpus.len(), b.cpus.len()),
            Factor::Memory => memory(a, b),
            Factor::CpuModel => Claim::both(&a.cpu_model, &b.cpu_model),
            Factor::CpuFeatures => Claim::new(
                "B is denied AVX and what came later".to_owned(),
                knowing(a.instructions),
                knowing(b.instructions),
            ),
            Factor::Kernel => Claim::new("B sees a 2.6 release".to_owned(), release(a), release(b)),
            Factor::Uptime => uptime(a, b),
            Factor::BootId => boot_id(a, b),
            Factor::Aslr => Claim::new("off in A, on in B".to_owned(), placed(a), placed(b)),
            Factor::Pids => pids(a, b),
            Factor::Entropy | Factor::HashSeed => {
                Claim::unlike("real random bytes in both runs".to_owned())
            }
            Factor::BuildPath => build_path(a, b),
            Factor::OutPath => Claim::both(&a.out_path, &b.out_path),
            Factor::Home => Claim::both(&a.home, &b.home),
            Factor::Tmpdir => Claim::both(&a.tmpdir, &b.tmpdir),
            Factor::Umask => Claim::both(mask(a), mask(b)),
            Factor::User => Claim::new(both(&a.user, &b.user), user(a), user(b)),
            Factor::Hostname => Claim::both(&a.hostname, &b.hostname),
            Factor::Timezone => Claim::both(&a.timezone, &b.timezone),
            Factor::Locale => Claim::both(&a.locale, &b.locale),
            Factor::Columns => Claim::both(a.columns, b.columns),
            Factor::Env => env(a, b),
            Factor::ParentDir => Claim::new(both(git(a), git(b)), above(a), above(b)),
            Factor::Scheduling => return Err("the kernel decides"),
        })
    }
}

impl Claim {
    fn new(how: String, a: Expected, b: Expected) -> Self {
        Self { how, sees: [a, b] }
    }

    /// What differs by chance, or by the place or the time of the run: any two sightings that differ.
    fn unlike(how: String) -> Self {
        Self::new(how, Expected::Anything, Expected::Anything)
    }

    /// What is seen as it was planned, word for word.
    fn both(a: impl Display, b: impl Display) -> Self {
        Self::new(both(&a, &b), Expected::exactly(a), Expected::exactly(b))
    }
}

fn both(a: impl Display, b: impl Display) -> String {
    format!("{a} and {b}")
}

fn clock(a: &Conditions, b: &Conditions) -> Claim {
    let how = format!("B is ahead by {} s", b.clock_offset - a.clock_offset);
    Claim::new(how, ahead(a.clock_offset, ""), ahead(b.clock_offset, ""))
}

fn memory(a: &Conditions, b: &Conditions) -> Claim {
    let how = both(kibibytes(a), kibibytes(b));
    let [a, b] = [a, b].map(|run| match run.memory_withheld {
        // What the kernel itself says, by whichever way.
        0 => Expected::Anything,
        _ => Expected::exactly(kibibytes(run)),
    });
    Claim::new(how, a, b)
}

/// As `/proc/meminfo` says it.
fn kibibytes(run: &Conditions) -> String {
    format!(
        "{} kB",
        run.memory.saturating_sub(run.memory_withheld) / 1024
    )
}

fn uptime(a: &Conditions, b: &Conditions) -> Claim {
    let how = both(a.uptime_offset, b.uptime_offset);
    Claim::new(how, since_boot(a), since_boot(b))
}

fn boot_id(a: &Conditions, b: &Conditions) -> Claim {
    let [a, b] = [a, b].map(|run| Expected::exactly(&run.boot_id));
    Claim::new("each run has its own".to_owned(), a, b)
}

fn pids(a: &Conditions, b: &Conditions) -> Claim {
    let how = format!("from {} and {}", a.first_pid, b.first_pid);
    let [a, b] = [a, b].map(|run| Expected::After(run.first_pid));
    Claim::new(how, a, b)
}

fn build_path(a: &Conditions, b: &Conditions) -> Claim {
    let how = both(&a.build_path, &b.build_path);
    let [a, b] = [a, b].map(|run| Expected::Beneath(run.build_path.clone()));
    Claim::new(how, a, b)
}

fn env(a: &Conditions, b: &Conditions) -> Claim {
    let how = both(a.env.len(), b.env.len());
    let [a, b] = [a, b].map(|run| Expected::Among(run.env.keys().cloned().collect()));
    Claim::new(how, a, b)
}

fn mask(run: &Conditions) -> String {
    format!("{:03o}", run.umask)
}

fn ahead(seconds: i64, more: &str) -> Expected {
    Expected::Near(seconds, format!("s ahead{more}"))
}

fn since_boot(run: &Conditions) -> Expected {
    ahead(run.uptime_offset, &format!(", load {}", run.load))
}

fn created(a: &Conditions, b: &Conditions) -> Claim {
    let offset = b.file_times_offset - a.file_times_offset;
    let [a, b] = [a, b].map(|run| ahead(run.file_times_offset, ""));
    Claim::new(format!("B's are ahead by {offset} s"), a, b)
}

fn word(order: StagingOrder) -> &'static str {
    match order {
        StagingOrder::Sorted => "created in order",
        StagingOrder::Reversed => "created in reverse",
    }
}

fn lying(a: &Conditions, b: &Conditions) -> String {
    if a.medium == b.medium {
        "inode numbers; both runs lie on the same kind of file system".to_owned()
    } else {
        "A lies in memory, B on disk".to_owned()
    }
}

fn on(medium: Medium) -> Expected {
    match medium {
        Medium::Memory => Expected::Beginning("memory"),
        Medium::Disk => Expected::Beginning("disk"),
    }
}

fn knowing(instructions: Instructions) -> Expected {
    match instructions {
        Instructions::Own => Expected::Anything,
        Instructions::Plain => Expected::exactly("neither AVX nor what came later"),
    }
}

fn release(run: &Conditions) -> Expected {
    const OLD: &str = "2.6.";
    if run.old_kernel {
        Expected::Beginning(OLD)
    } else {
        Expected::NotBeginning(OLD)
    }
}

fn placed(run: &Conditions) -> Expected {
    Expected::exactly(if run.aslr { "random" } else { "fixed" })
}

fn user(run: &Conditions) -> Expected {
    Expected::exactly(format!("{}:{} {}", run.uid, run.gid, run.user))
}

fn git(run: &Conditions) -> &'static str {
    if run.stray_git {
        "a stray .git"
    } else {
        "nothing"
    }
}

/// A source may have a repository of its own, in both runs.
fn above(run: &Conditions) -> Expected {
    if run.stray_git {
        Expected::Beginning(".git in ")
    } else {
        Expected::Anything
    }
}
