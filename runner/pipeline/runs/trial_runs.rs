//! Further runs under chosen conditions, held against run A: where suspects are tested.

use std::collections::BTreeSet;
use std::thread;

use zwieback_host::run_folder::RunFolder;
use zwieback_model::bake::comparison::differences;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::tree::Tree;
use zwieback_model::variation::conditions::{Conditions, RunName};

use super::run::{Bake, Part, Ran, run};
use super::twice::Twin;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::slots::Rank;

/// A run whose chance is frozen may wait for luck for ever: it gets this many times what run A
/// took, and some seconds.
const PATIENCE: u64 = 5;
const SECONDS: u64 = 30;

/// Where further runs are made.
pub struct Lab<'a> {
    /// What they are held against.
    pub a: &'a Ran,
    /// What they share with it.
    pub bake: &'a Bake<'a>,
    /// The conditions there are.
    pub twin: &'a Twin,
}

/// The paths of outputs.
pub type Paths = BTreeSet<String>;

impl Lab<'_> {
    /// For each of these conditions, the outputs that differ from run A's. The runs are made at
    /// the same time where there is room.
    pub fn differing(&self, all: &[Conditions]) -> Result<Vec<Paths>, PipelineError> {
        let outputs = self.outputs(all)?;
        let own = self.a.completed.outputs();
        Ok(outputs.iter().map(|output| paths(own, output)).collect())
    }

    /// The outputs that differ between any of so many runs under these conditions; none where a run did
    /// not come to its end.
    pub fn unsteady(
        &self,
        conditions: &Conditions,
        runs: u32,
    ) -> Result<Option<Paths>, PipelineError> {
        match self.outputs(&vec![conditions.clone(); runs as usize]) {
            Ok(outputs) => {
                let others = outputs.iter().skip(1);
                let differing = others.flat_map(|other| paths(&outputs[0], other));
                Ok(Some(differing.collect()))
            }
            Err(PipelineError::StepFailed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a step fails under these conditions.
    pub fn fails(&self, conditions: &Conditions) -> Result<bool, PipelineError> {
        match self.one(conditions) {
            Ok(_) => Ok(false),
            Err(PipelineError::StepFailed { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn outputs(&self, all: &[Conditions]) -> Result<Vec<Tree>, PipelineError> {
        thread::scope(|scope| {
            let begun: Vec<_> = all
                .iter()
                .map(|conditions| scope.spawn(|| self.one(conditions)))
                .collect();
            let ended = begun.into_iter();
            ended
                .map(|ended| ended.join().expect("a run does not panic"))
                .collect()
        })
    }

    fn one(&self, conditions: &Conditions) -> Result<Tree, PipelineError> {
        let folder = RunFolder::create(&self.bake.ctx.dirs.runs())?;
        let ctx = self.bake.ctx.unobserved();
        let conditions = Conditions {
            run: RunName::A,
            ..conditions.clone()
        };
        let part = Part {
            spec: &self.patient(self.twin.respec(&conditions)),
            conditions: &conditions,
            varied: Vec::new(),
            rank: Rank::Follows,
        };
        let bake = Bake {
            folder: &folder,
            ctx: &ctx,
            ..*self.bake
        };
        let ran = run(&bake, &part);
        folder.discard();
        Ok(ran?.completed.outputs().clone())
    }

    fn patient(&self, mut spec: SandboxSpec) -> SandboxSpec {
        let took: u64 = self.a.record.steps.iter().map(|step| step.wall_ms).sum();
        let most = took / 1000 * PATIENCE + SECONDS;
        spec.limits.seconds = spec.limits.seconds.min(most);
        spec
    }
}

fn paths(one: &Tree, other: &Tree) -> Paths {
    let differing = differences(one, other).into_iter();
    differing.map(|path| path.path.to_string()).collect()
}
