//! The story of `zwieback recheck`: what a bundle claims, fetched, baked twice and held against it.
//!
//! What other recipes made for it comes first, each from its own bundle, which the bundle names by digest:
//! so everything is built here, down to what needs nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use zwieback_attest::build::recheck::{Claim, ClaimedNeed};
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;

use super::cache_lookup;
use super::deliver::hand_over;
use super::embedded;
use super::export;
use super::one::make;
use crate::pipeline::context::command_context::{Context, Reuse, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::explain::claim_check::Theirs;
use crate::pipeline::plan::built::{Built, Output, Outputs};
use crate::pipeline::plan::read::{Planned, planned};

/// What a recheck has besides the bundle.
#[derive(Debug, Default)]
pub struct AtHand {
    /// Files that are known to be subjects, by the name of the subject.
    pub subjects: BTreeMap<RelPath, PathBuf>,
    /// Patches by their digests.
    pub patches: BTreeMap<Digest, Vec<u8>>,
    /// What the bundles of needed recipes claim, by their digests.
    pub needed: BTreeMap<Digest, Claim>,
}

/// Rebuilds what is claimed. If it comes out the same, our own provenance says so too.
pub fn recheck(
    claim: &Claim,
    at_hand: AtHand,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let begun = Instant::now();
    export::is_possible(wish)?;
    let done = all_needed(&at_hand, wish, ctx)?;
    let planned_again = plan(claim, &at_hand.patches, &done, ctx)?;
    let theirs = Theirs {
        claim,
        at_hand: at_hand.subjects,
    };
    let built = make(&planned_again, wish, Some(&theirs), ctx)?;
    hand_over(&planned_again.plan.recipe, &built, wish, begun, ctx)
}

/// Makes sure that a bundle is the one of that recipe with those outputs.
pub fn check_need(name: &Name, need: &ClaimedNeed, claim: &Claim) -> Result<(), PipelineError> {
    if claim.plan.recipe.name() == name && claim.outputs == Some(need.tree) {
        Ok(())
    } else {
        Err(other(name, need))
    }
}

/// Finished needs, by the digests of their bundles.
type Done = BTreeMap<Digest, Output>;

/// Builds everything that is needed, each after what it needs itself. A bundle names others by digest,
/// so that there is always one of which everything is done.
fn all_needed(at_hand: &AtHand, wish: &Wish, ctx: &Context<'_>) -> Result<Done, PipelineError> {
    let wish = Wish {
        export: None,
        out_link: None,
        // What was built here before is as good as what is built here now.
        reuse: Reuse::Allowed,
        ..wish.clone()
    };
    let mut done = Done::new();
    while done.len() < at_hand.needed.len() {
        let ready = at_hand.needed.iter().find(|(bundle, claim)| {
            let mut needs = claim.needed.values();
            !done.contains_key(*bundle) && needs.all(|need| done.contains_key(&need.bundle))
        });
        let Some((bundle, claim)) = ready else { break };
        let built = one_needed(claim, &at_hand.patches, &done, &wish, ctx)?;
        done.insert(*bundle, Output::of(&built));
    }
    Ok(done)
}

fn one_needed(
    claim: &Claim,
    patches: &BTreeMap<Digest, Vec<u8>>,
    done: &Done,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Built, PipelineError> {
    let begun = Instant::now();
    let planned = plan(claim, patches, done, ctx)?;
    let theirs = Theirs {
        claim,
        at_hand: BTreeMap::new(),
    };
    let found = cache_lookup::built(&planned, wish, ctx)?;
    let same = |it: &Built| Some(*it.outputs.digest()) == claim.outputs;
    let built = match found.filter(same) {
        Some(found) => found,
        None => make(&planned, wish, Some(&theirs), ctx)?,
    };
    hand_over(&planned.plan.recipe, &built, wish, begun, ctx)?;
    Ok(built)
}

/// The plan of a claim, with what it needs as it came out here.
fn plan(
    claim: &Claim,
    given: &BTreeMap<Digest, Vec<u8>>,
    done: &Done,
    ctx: &Context<'_>,
) -> Result<Planned, PipelineError> {
    let mut outputs = Outputs::new();
    for (name, need) in &claim.needed {
        let output = done.get(&need.bundle);
        let output = output.filter(|output| output.outputs == need.tree);
        let output = output.ok_or_else(|| other(name, need))?;
        outputs.insert(name.clone(), output.clone());
    }
    let again = Planned {
        plan: claim.plan.clone(),
        project: None,
        bundles: BTreeMap::new(),
        actions: BTreeMap::new(),
        patches: patches(claim, given)?,
    };
    ctx.tell(&planned(&again.plan));
    for (name, folder) in &claim.folders {
        embedded::put(name, folder, ctx)?;
    }
    Ok(again.with_needed(&outputs))
}

fn other(name: &Name, need: &ClaimedNeed) -> PipelineError {
    PipelineError::OtherNeeded {
        name: name.clone(),
        bundle: need.bundle,
        tree: need.tree,
    }
}

/// The bytes of every patch: carried by the statement, or given by the user under their digest.
fn patches(
    claim: &Claim,
    given: &BTreeMap<Digest, Vec<u8>>,
) -> Result<BTreeMap<RelPath, Vec<u8>>, PipelineError> {
    let one = |(path, patch): (&RelPath, &zwieback_attest::build::recheck::ClaimedPatch)| {
        let bytes = patch.content.as_ref().or_else(|| given.get(&patch.digest));
        let missing = || PipelineError::NoPatch {
            path: path.clone(),
            sha256: patch.digest,
        };
        Ok((path.clone(), bytes.ok_or_else(missing)?.clone()))
    };
    claim.patches.iter().map(one).collect()
}
