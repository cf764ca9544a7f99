//! A recipe: sources, toolchains and a few steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::allowed_secret::AllowedSecret;
use super::quantity::{ByteSize, Seconds};
use super::source::Source;
use crate::name::Name;
use crate::rel_path::RelPath;
use crate::sandbox_spec::tracing::Tracing;
use crate::variation::choice::Choice;
use crate::variation::profile::Profile;

/// The content of a `recipe.toml`. Serialised, it is the canonical form that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What the recipe is and needs.
    pub recipe: Head,
    /// What is built, by name; each is unpacked to `/build/<name>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<Name, Source>,
    /// Environment of every step. Nothing of the caller's environment is added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The commands, run in order.
    pub steps: Vec<Step>,
    /// Globs below `/out` that must each match a file; without any, everything there is an output.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// Bounds on what a run may use.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
    /// What differs between the runs, apart from what the profile says.
    #[serde(default, skip_serializing_if = "Choice::is_empty")]
    pub factors: Choice,
    /// What looks like a secret and is meant to be signed.
    #[serde(
        default,
        rename = "allow-secret",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allow_secret: Vec<AllowedSecret>,
}

/// The `[recipe]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The recipe's own name, the same as its folder's.
    pub name: Name,
    /// The version of what is built.
    pub version: String,
    /// One line that says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Folders in `toolchains/`, merged into one root file system.
    pub toolchains: Vec<Name>,
    /// Recipes whose outputs are inputs of this one, staged at `/build/<name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Name>,
    /// The profile to build in where the command line names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Whether a step traces processes: nobody else can then, and clock and CPU are the machine's.
    #[serde(default, skip_serializing_if = "Tracing::is_refused")]
    pub needs_ptrace: Tracing,
    /// Seconds since 1970 for `SOURCE_DATE_EPOCH`; without it, the newest time inside the sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_date_epoch: Option<u32>,
}

/// One `[[steps]]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the step is called on the screen, in logs and findings.
    pub name: Name,
    /// Where it runs, below the work folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<RelPath>,
    /// A script for `sh -eu`.
    pub run: String,
    /// Additions to the environment for this step alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// The `[limits]` table: what is not named here takes the runner's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory of all processes of a run together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// Processes and threads of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// Wall-clock time of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Seconds>,
    /// Bytes in each writable place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<ByteSize>,
    /// Bytes that the steps of a run may print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<ByteSize>,
    /// Bytes of `/dev/shm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shm: Option<ByteSize>,
    /// Files that one process may have open.
    #[serde(
        default,
        rename = "open-files",
        skip_serializing_if = "Option::is_none"
    )]
    pub open_files: Option<u32>,
    /// Files, directories and symlinks among the outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<u32>,
    /// Directories above an output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Bytes of all outputs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
}

impl Recipe {
    /// The name of the recipe.
    pub fn name(&self) -> &Name {
        &self.recipe.name
    }
}

impl Limits {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
