//! The steps that furnish a sandbox, in the order they are taken.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::inside_path::InsidePath;
use super::limits::{Limits, Quota};
use crate::name::Name;

/// One thing done to the empty sandbox. Later operations lie on top of earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// Shows a tree of the host, which nothing inside can write, make setuid or use as a device. Its
    /// inodes are the sandbox's own where the kernel can do that.
    BindReadOnly {
        /// Which tree.
        source: Source,
        /// Where it appears; `/` for the first operation.
        at: InsidePath,
    },
    /// A place steps write to and the runner reads from.
    Writable {
        /// Which place.
        place: Place,
        /// Where it appears.
        at: InsidePath,
        /// What holds its bytes.
        medium: Medium,
        /// How much it takes.
        quota: Quota,
    },
    /// `/dev`: every [`Device`], links to the descriptors of who asks, and what is the sandbox's own of
    /// pseudo-terminals, POSIX shared memory and, where the kernel has them, message queues.
    Devices {
        /// How much shared memory there may be.
        shared: Quota,
    },
    /// `/proc`: the sandbox's processes, what is [`HIDDEN`] of the host behind something empty, what is
    /// [`FROZEN`] read-only, and in `sys` the [`SETTINGS`] and [`OWN_SETTINGS`].
    Processes,
    /// `/sys`: the number of processors, where glibc's `get_nprocs` looks for it, and nothing else.
    System {
        /// How many there are; nothing is told if nothing is said.
        processors: Option<u16>,
    },
    /// A read-only file of fixed content, laid over the one that is there.
    File {
        /// Where it appears.
        at: InsidePath,
        /// What it holds.
        content: String,
    },
}

/// Parts of `/proc` that tell of the host, and that everybody may read. What only root may read
/// (`kcore`, `kmsg`, `timer_list` …) is closed already: no step is root outside.
pub const HIDDEN: [&str; 34] = [
    "acpi",
    "asound",
    "buddyinfo",
    "bus",
    "cgroups",
    "cmdline",
    "config.gz",
    "consoles",
    "crypto",
    "devices",
    "diskstats",
    "dma",
    "driver",
    "filesystems",
    "fs",
    "interrupts",
    "iomem",
    "ioports",
    "irq",
    "kallsyms",
    "key-users",
    "keys",
    "misc",
    "modules",
    "partitions",
    "pressure",
    "schedstat",
    "scsi",
    "softirqs",
    "swaps",
    "tty",
    "version_signature",
    "vmstat",
    "zoneinfo",
];

/// Parts of `/proc` that steer the host. The kernel refuses an unprivileged writer as well.
pub const FROZEN: [&str; 1] = ["sysrq-trigger"];

/// All of `/proc/sys`: what programs are known to read, as a kernel has it that nobody has configured. Most of
/// the kernel's own thousand files tell of the host: how much memory it has, what is open on it, how it is run.
pub const SETTINGS: [(&str, &str); 14] = [
    ("fs/file-max", "9223372036854775807"),
    ("fs/nr_open", "1048576"),
    ("fs/pipe-max-size", "1048576"),
    ("kernel/cap_last_cap", "40"),
    ("kernel/core_pattern", "core"),
    ("kernel/ngroups_max", "65536"),
    ("kernel/overflowgid", "65534"),
    ("kernel/overflowuid", "65534"),
    ("kernel/pid_max", "32768"),
    ("kernel/threads-max", "65536"),
    ("net/core/somaxconn", "4096"),
    ("net/ipv4/ip_local_port_range", "32768\t60999"),
    ("vm/max_map_count", "65530"),
    ("vm/overcommit_memory", "0"),
];

/// What `/proc/sys` has besides: names of the sandbox's own, and bytes that the kernel draws anew.
pub const OWN_SETTINGS: [&str; 7] = [
    "kernel/domainname",
    "kernel/hostname",
    "kernel/osrelease",
    "kernel/ostype",
    "kernel/random/boot_id",
    "kernel/random/uuid",
    "kernel/version",
];

/// What `/dev` holds besides devices: names, and where they lead.
pub const DEVICE_LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// A tree of the host by its role; where it lies is said when the sandbox starts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The merged tree of the recipe's toolchains.
    Toolchain,
    /// A further tree, known by name.
    Tree(Name),
}

/// A directory that the runner and the steps share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Sources and everything made of them.
    Work,
    /// Declared outputs.
    Out,
    /// Scratch.
    Tmp,
}

/// What holds the bytes of a writable place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// A tmpfs of its own, whose quota the kernel keeps.
    #[default]
    Memory,
    /// A directory of the host, whose quota the runner keeps.
    Disk,
}

/// The character devices a build may need; none reaches hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// `/dev/null`
    Null,
    /// `/dev/zero`
    Zero,
    /// `/dev/full`
    Full,
    /// `/dev/random`
    Random,
    /// `/dev/urandom`
    Urandom,
}

impl Place {
    /// All places, in the order the runner knows them.
    pub const ALL: [Self; 3] = [Self::Work, Self::Out, Self::Tmp];

    /// The word for the place.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Out => "out",
            Self::Tmp => "tmp",
        }
    }
}

impl Limits {
    /// The room in one place.
    pub const fn quota(&self, place: Place) -> Quota {
        match place {
            Place::Work => self.work,
            Place::Out => self.out,
            Place::Tmp => self.tmp,
        }
    }
}

impl Device {
    /// All devices.
    pub const ALL: [Self; 5] = [
        Self::Null,
        Self::Zero,
        Self::Full,
        Self::Random,
        Self::Urandom,
    ];

    /// The name of the device in `/dev`, inside and on the host.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Zero => "zero",
            Self::Full => "full",
            Self::Random => "random",
            Self::Urandom => "urandom",
        }
    }

    /// Its major and minor number (`Documentation/admin-guide/devices.txt` of Linux).
    pub const fn numbers(self) -> (u64, u64) {
        match self {
            Self::Null => (1, 3),
            Self::Zero => (1, 5),
            Self::Full => (1, 7),
            Self::Random => (1, 8),
            Self::Urandom => (1, 9),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toolchain => f.pad("toolchain"),
            Self::Tree(name) => write!(f, "tree {name}"),
        }
    }
}
