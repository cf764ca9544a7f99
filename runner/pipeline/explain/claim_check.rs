//! Chapter of a recheck: what somebody else signed, held against what came out here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use zwieback_attest::build::recheck::Claim;
use zwieback_explain::knowledge::Knowledge;
use zwieback_host::fs::given_file;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::action::Action;
use zwieback_model::bake::comparison::{Comparison, differences};
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::event::Event;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};

use super::differences::trees;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::explained::Explained;

/// What a statement says came out, and those of its files that are at hand.
pub struct Theirs<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// Files that are known to be subjects, by the name of the subject.
    pub at_hand: BTreeMap<RelPath, PathBuf>,
}

impl Theirs<'_> {
    /// Makes sure that the same is about to be built.
    pub fn check_action(&self, action: &Action) -> Result<(), PipelineError> {
        let (theirs, ours) = (self.claim.action, action.digest());
        if theirs == ours {
            return Ok(());
        }
        Err(PipelineError::OtherRoot {
            theirs: self.claim.root,
            ours: action.toolchain,
        })
    }

    /// Makes sure that the same came out; else the difference is explained as far as theirs is at hand.
    pub fn check_outputs(
        &self,
        outputs: &Tree,
        written: &StoredTree,
        ctx: &Context<'_>,
    ) -> Result<(), PipelineError> {
        let ours: BTreeMap<_, _> = outputs.files().collect();
        let differing = self.differing(&ours, outputs);
        let same_tree = self
            .claim
            .outputs
            .is_none_or(|output| output == outputs.digest());
        if differing.is_empty() && same_tree {
            return Ok(());
        }
        let files = self.claim.files.len().max(ours.len());
        ctx.tell(&Event::Compared {
            files,
            differing: differing.len(),
        });
        let explained = self.explain(&differing, outputs, written, ctx)?;
        let head = &self.claim.plan.recipe.recipe;
        Err(PipelineError::RebuiltDiffers {
            recipe: head.name.clone(),
            version: head.version.clone(),
            lines: lines(&differing, self.claim, &ours),
            explained: explained.map(Box::new),
        })
    }

    /// The paths at which something differs, as far as the statement and its tree tell.
    fn differing(&self, ours: &BTreeMap<&RelPath, &Fingerprint>, outputs: &Tree) -> Vec<RelPath> {
        if let Some(theirs) = &self.claim.tree {
            let differences = differences(theirs, outputs).into_iter();
            return differences.map(|difference| difference.path).collect();
        }
        let claimed = &self.claim.files;
        if claimed.is_empty() && self.claim.outputs.is_some() {
            // Too many to be listed: the digest of the tree stands for all of them.
            return Vec::new();
        }
        let is_same = |path: &RelPath| match (claimed.get(path), ours.get(path)) {
            (Some(theirs), Some(ours)) => theirs.matches(ours.sha256, Some(ours.blake3)),
            _ => false,
        };
        let all = claimed.keys().chain(ours.keys().copied());
        let mut differing: Vec<RelPath> = all.filter(|path| !is_same(path)).cloned().collect();
        differing.sort();
        differing.dedup();
        differing
    }

    fn explain(
        &self,
        differing: &[RelPath],
        outputs: &Tree,
        written: &StoredTree,
        ctx: &Context<'_>,
    ) -> Result<Option<Explained>, PipelineError> {
        let known = |path: &&RelPath| self.at_hand.contains_key(*path);
        let known: Vec<&RelPath> = differing.iter().filter(known).collect();
        if known.is_empty() {
            return Ok(None);
        }
        let theirs = self.stored(&known, outputs, ctx)?;
        let found = differences(theirs.tree(), outputs);
        let comparison = Comparison {
            compared: self.claim.files.len(),
            differences: found
                .into_iter()
                .filter(|it| known.contains(&&it.path))
                .collect(),
        };
        let report = trees(&comparison, &theirs, written, &Knowledge::default())?;
        Ok(Some(Explained {
            report,
            compared: comparison.compared,
            differing: differing.len(),
            parted: None,
            id: format!("{} {}", theirs.digest(), written.digest()),
        }))
    }

    /// Their files as a tree of the store. Their modes are not at hand; ours are taken, so that only
    /// bytes are compared.
    fn stored(
        &self,
        paths: &[&RelPath],
        ours: &Tree,
        ctx: &Context<'_>,
    ) -> Result<StoredTree, PipelineError> {
        let writer = ctx.store.tree_writer()?;
        for path in paths {
            let is_executable = matches!(
                ours.get(path.as_str()),
                Some(Entry::File {
                    executable: true,
                    ..
                })
            );
            let from = &self.at_hand[*path];
            let mut file = given_file::open(from).map_err(PipelineError::io(from))?;
            let mut copy = writer
                .layer("theirs")
                .file((*path).clone(), is_executable)?;
            std::io::copy(&mut file, &mut copy).map_err(PipelineError::io(from))?;
            copy.finish()?;
        }
        Ok(writer.commit()?)
    }
}

fn lines(
    differing: &[RelPath],
    claim: &Claim,
    ours: &BTreeMap<&RelPath, &Fingerprint>,
) -> Vec<String> {
    if differing.is_empty() && claim.files.is_empty() {
        let why =
            "the statement does not list its files, and the file with its tree is not beside it";
        return vec![format!("something differs: {why}")];
    }
    if differing.is_empty() {
        return vec!["every file is the same; links or executable bits differ".to_owned()];
    }
    let none = || "nothing".to_owned();
    let line = |path: &RelPath| {
        let theirs = claim.files.get(path).and_then(DigestSet::get_sha256);
        if theirs.is_some() && theirs == ours.get(path).map(|it| it.sha256) {
            return format!("{path}: the same bytes; the executable bit differs");
        }
        let theirs = theirs.map_or_else(none, Digest::short);
        let ours = ours.get(path).map_or_else(none, |it| it.sha256.short());
        format!("{path}: theirs {theirs}, ours {ours}")
    };
    differing.iter().map(line).collect()
}
