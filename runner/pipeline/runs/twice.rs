//! Chapter: run A beside run B, at the same time where there is room.

use std::thread;
use std::time::Duration;

use zwieback_model::bake::plan::Plan;
use zwieback_model::event::Event;
use zwieback_model::sandbox_spec::environment::Environment;
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::tracing::Tracing;
use zwieback_model::variation::conditions::{Conditions, RunName};
use zwieback_model::variation::spec;
use zwieback_model::variation::varied::{Machine, Variation};

use super::run::{Bake, Part, Ran, run, run_beside};
use crate::pipeline::context::command_context::Runs;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::slots::Rank;
use crate::pipeline::inputs::toolchain;

/// Where nothing shifts the times of files, run B writes them this much later than run A: zip archives keep them
/// in steps of 2 s, the coarsest grain in use (APPNOTE.TXT 4.4.6).
const APART: Duration = Duration::from_secs(3);

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
    pub fn plan(plan: &Plan, machine: &Machine, limits: Limits, epoch: i64) -> Self {
        let disk = limits.work.bytes;
        let variation = Variation::plan(plan.profile, &plan.recipe.factors, machine, disk);
        let making = Making {
            limits,
            epoch,
            toolchain: toolchain::environment(plan),
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

/// What the runs came to.
pub enum Baked {
    /// There was one, as the user wished.
    Once(Ran),
    /// Both passed.
    Twice(Box<(Ran, Ran)>),
    /// Run A passed, and run B alone failed.
    FailedInB(Ran, PipelineError),
}

/// Runs the steps once or twice, as the user wishes.
pub fn bake(bake: &Bake<'_>, twin: &Twin) -> Result<Baked, PipelineError> {
    let (a, b) = (twin.part(RunName::A), twin.part(RunName::B));
    if bake.wish.runs == Runs::Once {
        return run(bake, &a).map(Baked::Once);
    }
    let ran = thread::scope(|scope| {
        let second = scope.spawn(|| run_beside(bake, &b));
        let first = run(bake, &a);
        if first.is_err() {
            // Run B has nothing to be compared with. Run A goes on without run B: whether it passes is told.
            bake.canceller.cancel();
        }
        (first, second.join().expect("a run does not panic"))
    });
    let (ran_a, ran_b) = (ran.0?, ran.1.transpose());
    Ok(match ran_b.unwrap_or_else(|| afterwards(bake, &b)) {
        Ok(ran_b) => Baked::Twice(Box::new((ran_a, ran_b))),
        Err(error @ PipelineError::StepFailed { .. }) => Baked::FailedInB(ran_a, error),
        Err(error) => return Err(error),
    })
}

/// Run B after run A, where no supervisor shifts its clock: its files are then later ones all the same.
fn afterwards(bake: &Bake<'_>, part: &Part<'_>) -> Result<Ran, PipelineError> {
    bake.ctx.tell(&Event::Notice {
        message: "nothing can shift the clock of run B here: it runs after run A".to_owned(),
    });
    if bake.canceller.wait(APART) {
        return Err(PipelineError::Interrupted);
    }
    bake.folder.clear_disks();
    run(bake, part)
}
