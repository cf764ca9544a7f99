//! How run A and run B differ: a profile, and what a user changes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::choice::Reason;
use super::conditions::{Conditions, RunName};
use super::factor::Factor;
use crate::variation::profile::Profile;

/// What the planner has to know of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// CPUs that this process may use; never empty.
    pub cpus: Vec<u16>,
    /// Bytes of memory; nothing, where the kernel does not say.
    pub memory: u64,
    /// Bytes that a run may take in memory for its writable places.
    pub tmpfs_budget: u64,
    /// Whether the first process number of a namespace can be chosen (`ns_last_pid`).
    pub chooses_pids: bool,
    /// Whether the CPU can be told to fault where a program asks it what it is.
    pub faults_cpuid: bool,
    /// A locale that the steps' tools know and whose order and words are not those of C.
    pub locale: Option<String>,
}

/// The conditions of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variation {
    /// The profile they were made for.
    pub profile: Profile,
    /// The factors that the profile varies and the user had held still.
    pub dropped: BTreeMap<Factor, Reason>,
    /// The plain run.
    pub a: Conditions,
    /// The varied run.
    pub b: Conditions,
}

impl Variation {
    /// The conditions of one run.
    pub fn conditions(&self, run: RunName) -> &Conditions {
        match run {
            RunName::A => &self.a,
            RunName::B => &self.b,
        }
    }
}
