//! The story of `zwieback explain` and `zwieback diff`: two kept trees, compared and explained again.

use std::collections::BTreeMap;

use zwieback_core::bake::comparison::{Comparison, differences};
use zwieback_core::bake::record::{Record, RunRecord};
use zwieback_core::digest::Digest;
use zwieback_core::tree::Tree;
use zwieback_core::twin::conditions::RunName;
use zwieback_core::twin::variation::Variation;
use zwieback_explain::finding::Report;
use zwieback_explain::knowledge::Knowledge;
use zwieback_host::run_folder;
use zwieback_host::store::stored::StoredTree;

use super::context::Context;
use super::error::PipelineError;
use super::explained::{knowledge, trees};

/// Why the runs of a record differ: as it was confirmed when they were made, or else by their
/// two trees and all that is recorded of them.
pub fn run(record: &Record, ctx: &Context<'_>) -> Result<Report, PipelineError> {
    match run_folder::report(&ctx.dirs.runs(), &record.id) {
        Some(report) => Ok(report),
        None => kept(record, ctx),
    }
}

fn kept(record: &Record, ctx: &Context<'_>) -> Result<Report, PipelineError> {
    let one = |run| {
        record.run(run).ok_or_else(|| PipelineError::NothingKept {
            id: record.id.clone(),
        })
    };
    let (a, b) = (one(RunName::A)?, one(RunName::B)?);
    let tree = |run: &RunRecord| {
        let digest = run.outputs.ok_or_else(|| PipelineError::NothingKept {
            id: record.id.clone(),
        })?;
        stored(&digest, ctx)
    };
    let conditions = (a.conditions.clone(), b.conditions.clone());
    let variation = Variation {
        profile: record.profile,
        // Conditions alone tell what differs.
        dropped: BTreeMap::new(),
        a: conditions.0,
        b: conditions.1,
    };
    let mut report = two(&tree(a)?, &tree(b)?, &knowledge(a, b, &variation.varied()))?;
    for finding in &mut report.findings {
        finding.step = record.parted.get(finding.path.as_str()).cloned();
    }
    Ok(report)
}

/// Explains any two stored trees.
pub fn two(a: &StoredTree, b: &StoredTree, knowledge: &Knowledge) -> Result<Report, PipelineError> {
    let comparison = compared(a.tree(), b.tree());
    trees(&comparison, a, b, knowledge)
}

/// A tree of the store by its digest.
pub fn stored(digest: &Digest, ctx: &Context<'_>) -> Result<StoredTree, PipelineError> {
    let tree = ctx.store.tree(digest)?;
    tree.ok_or_else(|| PipelineError::Vanished {
        file: format!("tree {}", digest.short()),
    })
}

fn compared(a: &Tree, b: &Tree) -> Comparison {
    Comparison {
        compared: a.len().max(b.len()),
        differences: differences(a, b),
    }
}
