//! The story of `zwieback explain` and `zwieback diff`: two kept trees, compared and explained again.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};

use zwieback_explain::finding::Explanation;
use zwieback_explain::knowledge::Knowledge;
use zwieback_host::capture::error::CaptureError;
use zwieback_host::capture::outputs::capture;
use zwieback_host::capture::rules::Rules;
use zwieback_host::run_folder;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::comparison::{Comparison, differences};
use zwieback_model::bake::record::{Record, RunRecord};
use zwieback_model::tree::Tree;
use zwieback_model::variation::conditions::RunName;
use zwieback_model::variation::varied::Variation;

use super::differences::{knowledge, opened};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// Why the runs of a record differ: as it was confirmed when they were made, or else by their
/// two trees and all that is recorded of them.
pub fn run(record: &Record, ctx: &Context<'_>) -> Result<Explanation, PipelineError> {
    match run_folder::report(&ctx.dirs.runs(), &record.id) {
        Some(report) => Ok(report),
        None => kept(record, ctx),
    }
}

fn kept(record: &Record, ctx: &Context<'_>) -> Result<Explanation, PipelineError> {
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
        ctx.tree(&digest)
    };
    let conditions = (a.conditions.clone(), b.conditions.clone());
    let variation = Variation {
        profile: record.profile,
        // Conditions alone tell what differs.
        dropped: BTreeMap::new(),
        a: conditions.0,
        b: conditions.1,
    };
    let [tree_a, tree_b] = [Readable::stored(&tree(a)?)?, Readable::stored(&tree(b)?)?];
    let mut report = two(&tree_a, &tree_b, &knowledge(a, b, &variation.varied()));
    for finding in &mut report.findings {
        finding.step = record.parted.get(finding.path.as_str()).cloned();
    }
    Ok(report)
}

/// A tree whose files can be read: one of the store, or a folder that was only looked at.
#[derive(Debug)]
pub struct Readable {
    tree: Tree,
    dir: OwnedFd,
}

impl Readable {
    /// A tree of the store.
    pub fn stored(tree: &StoredTree) -> Result<Self, PipelineError> {
        Ok(Self {
            tree: tree.tree().clone(),
            dir: tree.open()?,
        })
    }

    /// Any folder. Its bytes are read twice where they differ and kept nowhere: a copy in the store
    /// would cost more than all the rest.
    pub fn folder(folder: File) -> Result<Self, CaptureError> {
        Ok(Self {
            tree: capture(folder.as_fd(), &Rules::default())?,
            dir: folder.into(),
        })
    }
}

/// Explains any two trees.
pub fn two(a: &Readable, b: &Readable, knowledge: &Knowledge) -> Explanation {
    let comparison = compared(&a.tree, &b.tree);
    opened(&comparison, (a.dir.as_fd(), b.dir.as_fd()), knowledge)
}

fn compared(a: &Tree, b: &Tree) -> Comparison {
    Comparison {
        compared: a.len().max(b.len()),
        differences: differences(a, b),
    }
}
