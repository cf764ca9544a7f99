//! Chapter: run A beside run B, at the same time where there is room.

use std::thread;

use zwieback_model::bake::plan::Plan;
use zwieback_model::event::Event;
use zwieback_model::sandbox_spec::environment::Environment;
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::tracing::Tracing;
use zwieback_model::variation::conditions::{Conditions, RunName};
use zwieback_model::variation::other_machine::COARSEST_MS;
use zwieback_model::variation::spec;
use zwieback_model::variation::varied::{Machine, Variation};

use super::pace::Pace;
use super::run::{Bake, Part, Ran, run};
use crate::pipeline::context::command_context::Runs;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::slots::Rank;
use crate::pipeline::inputs::toolchain;

/// Seconds before the first step in which sources may be patched.
const PREPARING: i64 = 60;

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

/// Runs the steps once or twice, as the user wishes.
pub fn bake(bake: &Bake<'_>, twin: &Twin) -> Result<(Ran, Option<Ran>), PipelineError> {
    let (a, b) = (twin.part(RunName::A), twin.part(RunName::B));
    if bake.wish.runs == Runs::Once {
        return Ok((first(bake, &a)?, None));
    }
    let ran = thread::scope(|scope| {
        let second = scope.spawn(|| ending_both(bake, run(bake, &b)));
        let first = first(bake, &a);
        (first, second.join().expect("a run does not panic"))
    });
    match ran {
        (Ok(ran_a), Ok(ran_b)) => {
            let ran_b = set_apart(bake, &b, &ran_a, ran_b)?;
            Ok((ran_a, Some(ran_b)))
        }
        // The run that failed by itself, not the one that was ended because of it.
        (Err(PipelineError::Interrupted) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

/// Sees to it that no file was written at the same time in both runs. Inside of a step run B may
/// have caught up with run A; then it is run once more, after run A has ended. Runs that differ
/// have nothing to hide.
fn set_apart(bake: &Bake<'_>, part: &Part<'_>, a: &Ran, b: Ran) -> Result<Ran, PipelineError> {
    let mut b = measured(a, b);
    let is_meant = part.conditions.stagger_ms > COARSEST_MS && a.completed == b.completed;
    let too_close = b.record.apart_ms.filter(|apart| *apart <= COARSEST_MS);
    if let Some(apart) = too_close.filter(|_| is_meant) {
        bake.ctx.tell(&Event::Notice {
            message: format!(
                "run B came within {apart} ms of run A in the writing of a file: it is run once more, alone"
            ),
        });
        bake.folder.clear_disks();
        let pace = &Pace::ended();
        b = measured(a, run(&Bake { pace, ..*bake }, part)?);
    }
    Ok(b)
}

/// Notes how close the runs came to each other, as far as the files that they left tell.
fn measured(a: &Ran, mut b: Ran) -> Ran {
    const SECOND: i64 = 1_000_000_000;
    // Patches are applied a moment before the first step.
    let since = (a.record.began - PREPARING).saturating_mul(SECOND);
    let steps = a.snapshots.iter().zip(&b.snapshots);
    let closest = steps.flat_map(|([work_a, out_a], [work_b, out_b])| {
        [work_a.closest(work_b, since), out_a.closest(out_b, since)]
    });
    let closest = closest.flatten().min().map(|apart| apart / 1_000_000);
    // The probes write a file each as well.
    let probed = a.record.sighting.apart_ms(&b.record.sighting);
    b.record.apart_ms = closest.into_iter().chain(probed).min();
    b
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
