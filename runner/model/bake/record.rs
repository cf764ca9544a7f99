//! The record of a pair of runs: enough to show, to explain again, and to find the logs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::completed::StepResult;
use crate::digest::Digest;
use crate::enforcement::Enforcement;
use crate::name::Name;
use crate::supervision::Supervision;
use crate::timestamp::Timestamp;
use crate::variation::conditions::{Conditions, RunName};
use crate::variation::profile::Profile;
use crate::variation::sighting::{Sighting, Witness};

/// What is kept of one invocation of `build`, as `record.json` in its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: String,
    /// What was built.
    pub recipe: Name,
    /// Its version.
    pub version: String,
    /// The action.
    pub action: Digest,
    /// How much was to differ.
    pub profile: Profile,
    /// When it started.
    pub started: Timestamp,
    /// When its runs had been compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// The version of zwieback that built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The SHA-256 of the statement that waits for a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Digest>,
    /// How it ended.
    pub outcome: Outcome,
    /// The step in which each differing output first differed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parted: BTreeMap<String, String>,
    /// The runs, in order.
    pub runs: Vec<RunRecord>,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It has not ended, or it was killed.
    Unfinished,
    /// A step failed or an output is missing.
    Failed,
    /// The runs differ.
    Differs,
    /// The runs are the same.
    Reproduced,
    /// The runs are the same, and nobody has signed that yet.
    Unsigned,
    /// There was one run only.
    Once,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unfinished => "not finished",
            Self::Failed => "failed",
            Self::Differs => "not reproducible",
            Self::Reproduced => "reproducible",
            Self::Unsigned => "reproducible, not signed",
            Self::Once => "built once",
        })
    }
}

/// What is kept of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Which run.
    pub run: RunName,
    /// What its steps found around them.
    pub conditions: Conditions,
    /// `SOURCE_DATE_EPOCH`.
    pub source_date_epoch: i64,
    /// When the first step began, by this machine's clock, in seconds since 1970.
    pub began: i64,
    /// When this machine booted, by the same clock, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booted: Option<i64>,
    /// When the last step ended.
    pub ended: i64,
    /// The steps that were run.
    pub steps: Vec<StepResult>,
    /// Where each step's output begins in the log.
    pub log_offsets: Vec<u64>,
    /// What it wrote, if it came that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Digest>,
    /// The state of every lock.
    pub enforcement: Enforcement,
    /// What the supervisor really changed.
    #[serde(default)]
    pub supervision: Supervision,
    /// What its first step saw of each factor.
    #[serde(default)]
    pub sighting: Sighting,
    /// The programs that were started, by the names of their files, where a supervisor saw them: run B.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub programs: BTreeSet<String>,
}

impl RunRecord {
    /// What it has to say of the factors.
    pub fn witness(&self) -> Witness<'_> {
        Witness {
            sighting: &self.sighting,
            supervision: &self.supervision,
        }
    }
}

impl Record {
    /// One of the runs.
    pub fn run(&self, run: RunName) -> Option<&RunRecord> {
        self.runs.iter().find(|record| record.run == run)
    }
}
