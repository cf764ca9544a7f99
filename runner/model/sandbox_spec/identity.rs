//! Who a step seems to be, and on which machine.

use serde::{Deserialize, Serialize};

use crate::sandbox_spec::tracing::Tracing;

/// The user a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// User id inside; outside it is an unprivileged one in every case.
    pub uid: u32,
    /// Group id inside.
    pub gid: u32,
    /// User and group name.
    pub user: String,
    /// What `uname -n` says.
    pub hostname: String,
    /// What `domainname` says.
    pub domain: String,
}

/// Traits of the kernel a step sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Machine {
    /// Where programs lie in memory.
    pub layout: AddressLayout,
    /// What `uname -r` says.
    pub release: KernelRelease,
    /// The processors of the host that steps run on; all when none is named.
    pub cpus: Vec<u16>,
    /// How the clocks that count from the start are moved.
    pub clocks: ClockOffsets,
    /// Seconds by which the wall clock is ahead of the host's.
    pub wall_clock_offset: i64,
    /// Seconds by which the times are ahead of files that were made in the sandbox.
    pub file_times_offset: i64,
    /// How many bytes of memory steps are told of, when it is not what the host has.
    pub memory: Option<u64>,
    /// The number of the first process, when it is not 2.
    pub first_pid: Option<u32>,
    /// What the CPU says it can do.
    pub instructions: Instructions,
    /// Where random bytes come from.
    pub entropy: Entropy,
    /// Whether steps may trace processes.
    pub tracing: Tracing,
}

/// Which instructions the CPU says it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instructions {
    /// All that it has.
    #[default]
    Own,
    /// Neither AVX nor what came later.
    Plain,
}

/// Where random bytes come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entropy {
    /// From the kernel, which draws them.
    #[default]
    Drawn,
    /// The same in every run. Only for a diagnosis: what needs luck may wait for ever.
    Frozen,
}

/// Whether programs lie at random addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressLayout {
    /// As the kernel draws them.
    #[default]
    Random,
    /// The same at every start (`ADDR_NO_RANDOMIZE`).
    Fixed,
}

/// Which kernel release is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelRelease {
    /// The host's own.
    #[default]
    Host,
    /// A 2.6 release made of the host's own (`UNAME26`).
    Linux26,
}

/// Offsets of a time namespace, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockOffsets {
    /// Added to `CLOCK_MONOTONIC`.
    pub monotonic: i64,
    /// Added to `CLOCK_BOOTTIME`, which is the uptime.
    pub boottime: i64,
}

impl ClockOffsets {
    /// Whether no clock is moved.
    pub const fn are_zero(self) -> bool {
        self.monotonic == 0 && self.boottime == 0
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            uid: 1000,
            gid: 1000,
            user: "build".to_owned(),
            hostname: "localhost".to_owned(),
            domain: "(none)".to_owned(),
        }
    }
}
