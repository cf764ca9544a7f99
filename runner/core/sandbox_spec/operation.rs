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
    /// Shows a tree of the host, which nothing inside can write, make setuid or use as a device.
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
    /// An empty file system in memory.
    Tmpfs {
        /// Where it appears.
        at: InsidePath,
        /// Mode bits of its root.
        mode: u32,
        /// How much it takes.
        quota: Quota,
    },
    /// A process table that knows the sandbox's processes only.
    Proc {
        /// Where it appears.
        at: InsidePath,
    },
    /// The POSIX message queues of the sandbox, where the kernel has them.
    Queues {
        /// Where they appear.
        at: InsidePath,
    },
    /// Takes the right to write from what lies there.
    ReadOnly {
        /// What becomes read-only.
        at: InsidePath,
    },
    /// Hides a file or a directory of `/proc` behind an empty one, where the kernel has it.
    Mask {
        /// What is hidden.
        at: InsidePath,
    },
    /// A character device.
    Device {
        /// Which device; its name is its path below `/dev`.
        device: Device,
    },
    /// A directory in a file system of the sandbox's own.
    Directory {
        /// Where it appears.
        at: InsidePath,
    },
    /// A symbolic link in a file system of the sandbox's own.
    Symlink {
        /// Where it appears.
        at: InsidePath,
        /// Where it leads.
        to: String,
    },
    /// A file of fixed content in a file system of the sandbox's own.
    NewFile {
        /// Where it appears.
        at: InsidePath,
        /// What it holds.
        content: String,
    },
    /// A read-only file of fixed content, laid over the one that is there.
    File {
        /// Where it appears.
        at: InsidePath,
        /// What it holds.
        content: String,
    },
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

    /// The path of the device, inside and on the host.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Null => "/dev/null",
            Self::Zero => "/dev/zero",
            Self::Full => "/dev/full",
            Self::Random => "/dev/random",
            Self::Urandom => "/dev/urandom",
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
