//! An action: all that decides the bytes of a build. Same action, same bytes, on any machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::digest::{Digest, Fingerprint};
use crate::json::canonical;
use crate::json::from_serde::value_of;
use crate::locked_input::FileName;
use crate::manifest::recipe::Recipe;
use crate::name::Name;
use crate::rel_path::RelPath;
use crate::variation::profile::Profile;

/// Raised whenever the sandbox shows a step something else than before, for then
/// the same recipe may come to other bytes and an old result must not answer for it.
pub const EPOCH: u32 = 1;

/// A build as a value with a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The version of the sandbox's view.
    pub epoch: u32,
    /// The platform the steps run on, in OCI's words.
    pub platform: String,
    /// How much was varied: a result of `hermetic` does not answer for `strict`.
    pub profile: Profile,
    /// The whole recipe.
    pub recipe: Recipe,
    /// The tree that is `/`.
    pub toolchain: Digest,
    /// The files of each source.
    pub sources: BTreeMap<Name, BTreeMap<FileName, Digest>>,
    /// The trees of the sources that are folders of the project.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folders: BTreeMap<Name, Digest>,
    /// The output trees of the recipes it needs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub needs: BTreeMap<Name, Digest>,
    /// The patches by their path in the recipe's folder.
    pub patches: BTreeMap<RelPath, Digest>,
}

/// What an action came to, twice. This is the store's index entry, written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionResult {
    /// The action.
    pub action: Digest,
    /// The tree of outputs.
    pub outputs: Digest,
    /// How many files there are.
    pub files: usize,
    /// The signed bundle.
    pub bundle: Fingerprint,
    /// The run that built it, for its logs.
    pub run: String,
}

impl Action {
    /// The action of a plan, once the toolchain's tree is known.
    pub fn new(
        plan: &Plan,
        platform: &str,
        toolchain: Digest,
        patches: BTreeMap<RelPath, Digest>,
    ) -> Self {
        let files = |name: &Name| {
            plan.inputs_of(name)
                .map(|input| (input.file.clone(), input.sha256))
                .collect()
        };
        let sources = plan
            .recipe
            .sources
            .keys()
            .map(|name| (name.clone(), files(name)))
            .collect();
        Self {
            epoch: EPOCH,
            platform: platform.to_owned(),
            profile: plan.profile,
            recipe: plan.recipe.clone(),
            toolchain,
            sources,
            folders: plan
                .folders
                .iter()
                .map(|folder| (folder.source.clone(), folder.tree))
                .collect(),
            needs: plan.needs.clone(),
            patches,
        }
    }

    /// The name of the action: the SHA-256 of its canonical JSON.
    pub fn digest(&self) -> Digest {
        let value = value_of(self).expect("an action holds only text, whole numbers and tables");
        Digest::sha256(&canonical::to_bytes(&value))
    }
}
