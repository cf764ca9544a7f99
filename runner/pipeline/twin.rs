//! Chapter: run A beside run B, at the same time where there is room.

use std::thread;

use zwieback_core::bake::plan::Plan;
use zwieback_core::manifest::recipe::Tracing;
use zwieback_core::sandbox_spec::environment::Environment;
use zwieback_core::sandbox_spec::limits::Limits;
use zwieback_core::sandbox_spec::spec::SandboxSpec;
use zwieback_core::twin::conditions::{Conditions, RunName};
use zwieback_core::twin::spec;
use zwieback_core::twin::variation::{Machine, Variation};

use super::context::{Runs, Wish};
use super::error::PipelineError;
use super::root;
use super::run::{Bake, Part, Ran, run};
use super::slots::Rank;

/// The conditions and sandboxes of both runs.
pub struct Twin {
    /// How they differ.
    pub variation: Variation,
    a: SandboxSpec,
    b: SandboxSpec,
    making: Making,
}

/// What a sandbox is made of besides the conditions.
struct Making {
    limits: Limits,
    epoch: i64,
    toolchain: Environment,
    recipe: Environment,
    tracing: Tracing,
}

impl Making {
    fn spec(&self, conditions: &Conditions) -> SandboxSpec {
        let mut spec = spec::sandbox(
            conditions,
            self.limits.clone(),
            self.epoch,
            &self.toolchain,
            &self.recipe,
        );
        spec.machine.tracing = self.tracing;
        spec
    }
}

impl Twin {
    /// Plans both runs: values only, nothing is started.
    pub fn plan(plan: &Plan, machine: &Machine, wish: &Wish, epoch: i64) -> Self {
        let disk = plan
            .recipe
            .limits
            .disk
            .map_or(spec::DEFAULT_DISK, |size| size.0);
        let variation = Variation::plan(plan.profile, &plan.recipe.factors, machine, disk);
        let making = Making {
            limits: spec::limits(&plan.recipe.limits, wish.timeout.map(|time| time.0)),
            epoch,
            toolchain: root::environment(plan),
            recipe: plan.recipe.env.clone(),
            tracing: plan.recipe.recipe.needs_ptrace,
        };
        let (a, b) = (making.spec(&variation.a), making.spec(&variation.b));
        Self {
            variation,
            a,
            b,
            making,
        }
    }

    /// The sandbox of a run under other conditions.
    pub fn respec(&self, conditions: &Conditions) -> SandboxSpec {
        self.making.spec(conditions)
    }

    /// The sandbox of one run.
    pub fn spec(&self, run: RunName) -> &SandboxSpec {
        match run {
            RunName::A => &self.a,
            RunName::B => &self.b,
        }
    }

    fn part(&self, run: RunName) -> Part<'_> {
        let (varied, rank) = match run {
            RunName::A => (Vec::new(), Rank::Begins),
            RunName::B => (self.variation.varied(), Rank::Follows),
        };
        Part {
            conditions: self.variation.conditions(run),
            spec: self.spec(run),
            varied,
            rank,
        }
    }
}

/// Runs the steps once or twice, as the user wishes.
pub fn bake(bake: &Bake<'_>, twin: &Twin) -> Result<(Ran, Option<Ran>), PipelineError> {
    let (a, b) = (twin.part(RunName::A), twin.part(RunName::B));
    if bake.wish.runs == Runs::Once {
        return Ok((first(bake, &a)?, None));
    }
    let (a, b) = thread::scope(|scope| {
        let second = scope.spawn(|| ending_both(bake, run(bake, &b)));
        let first = first(bake, &a);
        (first, second.join().expect("a run does not panic"))
    });
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, Some(b))),
        // The run that failed by itself, not the one that was ended because of it.
        (Err(PipelineError::Interrupted) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

fn first(bake: &Bake<'_>, part: &Part<'_>) -> Result<Ran, PipelineError> {
    let ran = ending_both(bake, run(bake, part));
    // Only now: a run B that waited must find that it is not wanted any more.
    bake.pace.is_over();
    ran
}

/// When one run fails, the other has nothing to be compared with.
fn ending_both(bake: &Bake<'_>, ran: Result<Ran, PipelineError>) -> Result<Ran, PipelineError> {
    if ran.is_err() {
        bake.canceller.cancel();
    }
    ran
}
