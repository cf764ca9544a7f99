//! The factors: each a way in which a machine could show in an artifact.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way in which a machine could show in the bytes of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// The wall clock as a step reads it.
    Clock,
    /// Times of files that a step creates: the kernel's clock, which nothing can shift.
    CreatedMtime,
    /// Times of the sources' files.
    SourceMtime,
    /// The order in which a folder lists its entries.
    ReaddirOrder,
    /// Inode numbers, block counts and the kind of file system.
    Inode,
    /// How many CPUs a step sees.
    CpuCount,
    /// How much memory the machine has.
    Memory,
    /// Which CPU `/proc/cpuinfo` names.
    CpuModel,
    /// Which instructions the CPU itself says it has.
    CpuFeatures,
    /// The kernel's release.
    Kernel,
    /// Time since boot, and the load since then.
    Uptime,
    /// The identity of this boot.
    BootId,
    /// Where the kernel places stack, heap and libraries.
    Aslr,
    /// Process numbers.
    Pids,
    /// Random bytes.
    Entropy,
    /// Seeds of hash tables in language run times.
    HashSeed,
    /// The folder that is built in.
    BuildPath,
    /// The folder that outputs are written to.
    OutPath,
    /// The home folder.
    Home,
    /// The folder for temporary files.
    Tmpdir,
    /// The mode mask of new files.
    Umask,
    /// User and group, by number and name.
    User,
    /// Host and domain name.
    Hostname,
    /// The time zone.
    Timezone,
    /// Language, collation and character set.
    Locale,
    /// The width of the terminal.
    Columns,
    /// Other variables of the environment.
    Env,
    /// What lies in the folders above the build.
    ParentDir,
    /// Which of several threads or processes comes first.
    Scheduling,
}

/// What became of a factor in a build. This is recorded in the provenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FactorState {
    /// The same on every machine, by the sandbox's doing.
    Fixed,
    /// Different between the two runs.
    Varied {
        /// How, in a few words.
        how: String,
    },
    /// Meant to differ, but it could not be brought about here.
    Ineffective {
        /// Why not.
        reason: String,
    },
    /// The profile varies it; the user had it held still.
    Dropped {
        /// Why, in the user's words.
        reason: String,
    },
    /// Neither fixed nor varied.
    Uncontrolled {
        /// Why not.
        reason: String,
    },
}

impl Factor {
    /// All factors, in the order in which they are shown.
    pub const ALL: [Self; 29] = [
        Self::Clock,
        Self::CreatedMtime,
        Self::SourceMtime,
        Self::ReaddirOrder,
        Self::Inode,
        Self::CpuCount,
        Self::Memory,
        Self::CpuModel,
        Self::CpuFeatures,
        Self::Kernel,
        Self::Uptime,
        Self::BootId,
        Self::Aslr,
        Self::Pids,
        Self::Entropy,
        Self::HashSeed,
        Self::BuildPath,
        Self::OutPath,
        Self::Home,
        Self::Tmpdir,
        Self::Umask,
        Self::User,
        Self::Hostname,
        Self::Timezone,
        Self::Locale,
        Self::Columns,
        Self::Env,
        Self::ParentDir,
        Self::Scheduling,
    ];

    /// The stable name, as it stands in the provenance.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::CreatedMtime => "created-mtime",
            Self::SourceMtime => "source-mtime",
            Self::ReaddirOrder => "readdir-order",
            Self::Inode => "inode",
            Self::CpuCount => "cpu-count",
            Self::Memory => "memory",
            Self::CpuModel => "cpu-model",
            Self::CpuFeatures => "cpu-features",
            Self::Kernel => "kernel",
            Self::Uptime => "uptime",
            Self::BootId => "boot-id",
            Self::Aslr => "aslr",
            Self::Pids => "pids",
            Self::Entropy => "entropy",
            Self::HashSeed => "hash-seed",
            Self::BuildPath => "build-path",
            Self::OutPath => "out-path",
            Self::Home => "home",
            Self::Tmpdir => "tmpdir",
            Self::Umask => "umask",
            Self::User => "user",
            Self::Hostname => "hostname",
            Self::Timezone => "timezone",
            Self::Locale => "locale",
            Self::Columns => "columns",
            Self::Env => "env",
            Self::ParentDir => "parent-dir",
            Self::Scheduling => "scheduling",
        }
    }

    /// Whether a run can be made in which it differs, or does not, as one likes. Chance and the
    /// scheduler decide anew in every run.
    pub const fn is_steerable(self) -> bool {
        !matches!(self, Self::Entropy | Self::HashSeed | Self::Scheduling)
    }
}

impl FactorState {
    /// The word for the state alone.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Varied { .. } => "varied",
            Self::Ineffective { .. } => "ineffective",
            Self::Dropped { .. } => "dropped",
            Self::Uncontrolled { .. } => "uncontrolled",
        }
    }

    /// How or why, where there is something to say.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Fixed => None,
            Self::Varied { how } => Some(how),
            Self::Ineffective { reason }
            | Self::Dropped { reason }
            | Self::Uncontrolled { reason } => Some(reason),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_has_one_name_everywhere() {
        for factor in Factor::ALL {
            assert_eq!(serde_json::to_value(factor).unwrap(), factor.as_str());
            assert_eq!(factor.as_str().parse(), Ok(factor));
        }
    }
}
