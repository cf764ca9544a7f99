//! The story of `zwieback recheck`: what a bundle claims, fetched, baked twice and held against it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use zwieback_core::bake::recheck::Claim;
use zwieback_core::digest::Digest;
use zwieback_core::rel_path::RelPath;

use super::build::make;
use super::carried;
use super::context::{Context, Wish};
use super::error::PipelineError;
use super::export;
use super::hand_over::hand_over;
use super::read::{Planned, planned};
use super::theirs::Theirs;

/// Rebuilds what is claimed. If it comes out the same, our own provenance says so too.
pub fn recheck(
    claim: &Claim,
    at_hand: BTreeMap<RelPath, PathBuf>,
    given: &BTreeMap<Digest, Vec<u8>>,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let begun = Instant::now();
    export::is_possible(wish)?;
    let planned_again = Planned {
        plan: claim.plan.clone(),
        project: None,
        bundles: BTreeMap::new(),
        patches: patches(claim, given)?,
    };
    ctx.tell(&planned(&planned_again.plan));
    for (name, folder) in &claim.folders {
        carried::put(name, folder, ctx)?;
    }
    let theirs = Theirs { claim, at_hand };
    let built = make(&planned_again, wish, Some(&theirs), ctx)?;
    hand_over(&planned_again.plan.recipe, &built, wish, begun, ctx)
}

/// The bytes of every patch: carried by the statement, or given by the user under their digest.
fn patches(
    claim: &Claim,
    given: &BTreeMap<Digest, Vec<u8>>,
) -> Result<BTreeMap<RelPath, Vec<u8>>, PipelineError> {
    let one = |(path, patch): (&RelPath, &zwieback_core::bake::recheck::ClaimedPatch)| {
        let bytes = patch.content.as_ref().or_else(|| given.get(&patch.digest));
        let missing = || PipelineError::NoPatch {
            path: path.clone(),
            sha256: patch.digest,
        };
        Ok((path.clone(), bytes.ok_or_else(missing)?.clone()))
    };
    claim.patches.iter().map(one).collect()
}
