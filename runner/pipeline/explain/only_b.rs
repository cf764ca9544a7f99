//! Chapter: why a step fails in run B alone, by runs in which fewer and fewer factors are varied.

use zwieback_model::event::Event;
use zwieback_model::variation::counterfactual;
use zwieback_model::variation::factor::Factor;

use crate::pipeline::context::command_context::Confirm;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::runs::run::{Bake, Ran};
use crate::pipeline::runs::trial_runs::Lab;
use crate::pipeline::runs::twice::Twin;

/// Pairs of runs that the factor must come through, for a step that fails now and then is not failed by it.
const PAIRS: u32 = 3;

/// The most runs that this takes: two for each half of the factors, and the pairs.
const MOST: u32 = 2 * (Factor::ALL.len().ilog2() + 1) + 2 * PAIRS;

/// A step that failed where run A passed, with the factor that makes it fail, where there is one.
pub fn told(
    error: PipelineError,
    a: &Ran,
    bake: &Bake<'_>,
    twin: &Twin,
) -> Result<PipelineError, PipelineError> {
    let PipelineError::StepFailed {
        run,
        step,
        ending,
        tail,
        hint,
    } = error
    else {
        return Ok(error);
    };
    let guilty = match bake.wish.confirm {
        Confirm::Suspects => {
            bake.ctx.tell(&Event::Confirming { runs: MOST });
            guilty(&Lab { a, bake, twin })?
        }
        Confirm::Nothing => None,
    };
    let recipe = bake.planned.plan.recipe.name();
    let why = why(guilty, twin);
    let fix = guilty.map_or("FACTOR", Factor::as_str);
    Ok(PipelineError::StepFailed {
        run,
        step,
        ending,
        tail,
        hint: format!(
            "run A passed: the step fails in run B alone{why}\n      `zwieback plan {recipe}` says what differs, \
             and `--fix {fix}=WHY` holds it still\n      {hint}"
        ),
    })
}

fn why(guilty: Option<Factor>, twin: &Twin) -> String {
    const DAY: i64 = 86_400;
    let ahead = twin.variation.b.clock_offset / DAY;
    let later = match guilty {
        None | Some(Factor::Clock) if ahead != 0 => format!(
            ", whose clock is {ahead} days later (a certificate, a licence or a date that is checked?)"
        ),
        _ => String::new(),
    };
    let because = guilty.map_or_else(String::new, |factor| {
        format!(
            "; {factor} makes it fail: it fails in {PAIRS} of {PAIRS} runs in which only {factor} is varied, and in \
             none of {PAIRS} in which all else is"
        )
    });
    later + &because
}

/// The factor that alone makes a step fail.
fn guilty(lab: &Lab<'_>) -> Result<Option<Factor>, PipelineError> {
    let variation = &lab.twin.variation;
    let fails_by = |factors: &[Factor]| match counterfactual::only(variation, factors) {
        Some(conditions) => lab.fails(&conditions),
        None => Ok(false),
    };
    let mut suspects = counterfactual::testable(variation);
    while suspects.len() > 1 {
        let other = suspects.split_off(suspects.len() / 2);
        if fails_by(&suspects)? {
            continue;
        }
        if !fails_by(&other)? {
            return Ok(None);
        }
        suspects = other;
    }
    let [guilty] = suspects[..] else {
        return Ok(None);
    };
    let Some(all_but) = counterfactual::all_but(variation, &[guilty]) else {
        return Ok(None);
    };
    for _ in 0..PAIRS {
        if !fails_by(&[guilty])? || lab.fails(&all_but)? {
            return Ok(None);
        }
    }
    Ok(Some(guilty))
}
