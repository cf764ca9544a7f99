//! The conditions of one run: everything about the machine that a step could notice.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sandbox_spec::identity::{Entropy, Instructions};
use crate::sandbox_spec::operation::Medium;

/// Which of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RunName {
    /// The plain one.
    A,
    /// The varied one.
    B,
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// In which order staged files are created, which is the order tmpfs lists them in, reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StagingOrder {
    /// By name.
    Sorted,
    /// By name, from the end.
    Reversed,
}

/// Where runs wrote that do not say where.
fn out_path() -> String {
    OUT.to_owned()
}

/// Where the place for outputs lies in every run.
pub const OUT: &str = "/out";

/// What a run's steps find around them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// Which run.
    pub run: RunName,
    /// Where the sources lie and the steps run.
    pub build_path: String,
    /// `OUT`.
    #[serde(default = "out_path")]
    pub out_path: String,
    /// `HOME`.
    pub home: String,
    /// `TMPDIR`.
    pub tmpdir: String,
    /// The user's number inside.
    pub uid: u32,
    /// The group's number inside.
    pub gid: u32,
    /// The user's name.
    pub user: String,
    /// The host's name.
    pub hostname: String,
    /// Mode bits that new files lack.
    pub umask: u32,
    /// `TZ`.
    pub timezone: String,
    /// `LC_ALL` and `LANG`.
    pub locale: String,
    /// `COLUMNS`.
    pub columns: u32,
    /// Further variables.
    pub env: BTreeMap<String, String>,
    /// How the sources are laid down.
    pub staging: StagingOrder,
    /// What they are laid down on.
    pub medium: Medium,
    /// Times of the sources' files relative to `SOURCE_DATE_EPOCH`, in seconds.
    pub source_mtime_offset: i64,
    /// The CPUs the run may use.
    pub cpus: Vec<u16>,
    /// Bytes of memory that the machine has; nothing, where that is not known.
    #[serde(default)]
    pub memory: u64,
    /// Bytes of it that steps are not told of.
    #[serde(default)]
    pub memory_withheld: u64,
    /// Seconds by which the wall clock is ahead.
    pub clock_offset: i64,
    /// Seconds by which the times are ahead of files that were made in the run.
    #[serde(default)]
    pub file_times_offset: i64,
    /// Seconds by which the time since boot is ahead.
    pub uptime_offset: i64,
    /// The identity of this boot.
    #[serde(default)]
    pub boot_id: String,
    /// What `/proc/loadavg` says.
    #[serde(default)]
    pub load: String,
    /// The model that `/proc/cpuinfo` names.
    #[serde(default)]
    pub cpu_model: String,
    /// What the CPU itself says it can do.
    #[serde(default)]
    pub instructions: Instructions,
    /// Where random bytes come from.
    #[serde(default)]
    pub entropy: Entropy,
    /// Whether the kernel places memory at random.
    pub aslr: bool,
    /// Whether `uname` shows a 2.6 kernel (`UNAME26` of personality(2)).
    pub old_kernel: bool,
    /// The first process number.
    pub first_pid: u32,
    /// Whether a `.git` folder lies above the build.
    pub stray_git: bool,
}
