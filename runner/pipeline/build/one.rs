//! The story of `zwieback build`: read, plan, fetch, bake twice, compare, attest, keep, hand over.

use std::time::Instant;

use zwieback_host::project::Project;
use zwieback_host::toolchain::locale;
use zwieback_model::bake::action::Action;
use zwieback_model::bake::comparison::compare;
use zwieback_model::event::Event;
use zwieback_model::variation::conditions::RunName;
use zwieback_model::variation::varied::Machine;

use super::attest::{self, Made};
use super::cache_lookup;
use super::deliver::hand_over;
use super::export;
use super::keep::Keeper;
use super::secret_search::Suspects;
use super::secrets;
use crate::pipeline::context::command_context::{Context, Runs, Signing, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::notices;
use crate::pipeline::explain::claim_check::Theirs;
use crate::pipeline::explain::only_b;
use crate::pipeline::inputs::endpoints;
use crate::pipeline::inputs::obtain;
use crate::pipeline::inputs::sources;
use crate::pipeline::inputs::toolchain;
use crate::pipeline::plan::built::{Built, Outputs};
use crate::pipeline::plan::read::{self, Planned};
use crate::pipeline::runs::alone;
use crate::pipeline::runs::run::{Bake, Ran};
use crate::pipeline::runs::twice::{Baked, Twin, bake};

/// Builds one recipe, or finds that it was built.
pub fn build(
    project: &Project,
    named: &str,
    needed: &Outputs,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Built, PipelineError> {
    let begun = Instant::now();
    export::is_possible(wish)?;
    let planned = read::recipe(project, named, &wish.variety, ctx)?.with_needed(needed);
    sources::check_folders(&planned, ctx)?;
    let built = match cache_lookup::built(&planned, wish, ctx)? {
        Some(found) => found,
        None => make(&planned, wish, None, ctx)?,
    };
    hand_over(&planned.plan.recipe, &built, wish, begun, ctx)?;
    Ok(built)
}

/// Builds from a plan; where somebody else has built it before, theirs must come out again.
pub fn make(
    planned: &Planned,
    wish: &Wish,
    theirs: Option<&Theirs<'_>>,
    ctx: &Context<'_>,
) -> Result<Built, PipelineError> {
    if wish.runs == Runs::Twice {
        secrets::refuse_in_recipe(&planned.plan.recipe, ctx)?;
    }
    attest::check(wish, ctx)?;
    let limits = ctx.limits_of(&planned.plan.recipe, wish)?;
    let named = endpoints::named(&planned.plan);
    obtain::fetch_from(planned.plan.all_inputs(), &named, ctx)?;
    let root = toolchain::assemble(&planned.plan.toolchains, ctx)?;
    let action = Action::new(
        &planned.plan,
        cache_lookup::PLATFORM,
        *root.digest(),
        planned.patch_digests(),
    );
    theirs.map_or(Ok(()), |it| it.check_action(&action))?;
    let sources = sources::unpack_all(planned, ctx)?;
    let machine = Machine {
        locale: locale::foreign(root.path()),
        ..ctx.shared.machine(wish.jobs).clone()
    };
    let twin = Twin::plan(&planned.plan, &machine, limits, sources.source_date_epoch);
    let switch = ctx.stop.switch().map_err(PipelineError::Descriptor)?;
    let alone = &alone::turn(&root, &switch, ctx)?;
    let keeper = Keeper::open(planned, &action, wish, ctx)?;
    let folder = keeper.folder();
    let bake_this = Bake {
        planned,
        root: &root,
        sources: &sources,
        alone,
        wish,
        folder,
        canceller: &switch,
        ctx,
    };
    let (a, b) = match keeper.guard(baked(&bake_this, &twin))? {
        (a, Some(b)) => (a, b),
        (a, None) => return once(&bake_this, &keeper, &a),
    };
    let reproduced = match compare(&a.completed, &b.completed) {
        Ok(reproduced) => reproduced,
        Err(comparison) => return Err(keeper.differs(&comparison, (&a, &b), &twin, &bake_this)?),
    };
    if let Some(theirs) = theirs {
        let outputs = reproduced.outputs();
        keeper.guard(theirs.check_outputs(outputs, &a.written, ctx))?;
    }
    ctx.tell(&Event::Compared {
        files: reproduced.compared(),
        differing: 0,
    });
    notices::names(reproduced.outputs(), ctx);
    let made = Made {
        planned,
        action: &action,
        reproduced: &reproduced,
        record: &keeper.reproduced(&a, &b),
    };
    conclude(&made, (&a, &b), &keeper, wish, ctx)
}

/// Runs the steps, and tells why run B alone failed, if it did.
fn baked(bake_this: &Bake<'_>, twin: &Twin) -> Result<(Ran, Option<Ran>), PipelineError> {
    match bake(bake_this, twin)? {
        Baked::Once(a) => Ok((a, None)),
        Baked::Twice(runs) => Ok((runs.0, Some(runs.1))),
        Baked::FailedInB(a, error) => Err(only_b::told(error, &a, bake_this, twin)?),
    }
}

/// One run signs nothing, so that a secret is only told.
fn once(bake: &Bake<'_>, keeper: &Keeper<'_>, run: &Ran) -> Result<Built, PipelineError> {
    let suspects = Suspects {
        statement: None,
        recipe: &bake.planned.plan.recipe,
        stored: &run.written,
        outputs: run.completed.outputs(),
        id: bake.folder.id(),
        runs: &[RunName::A],
    };
    keeper.guard(secrets::warn(&suspects, bake.ctx))?;
    keeper.once(run)
}

/// What two runs agreed on is said, signed and entered; or it waits for whoever signs.
fn conclude(
    made: &Made<'_>,
    runs: (&Ran, &Ran),
    keeper: &Keeper<'_>,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Built, PipelineError> {
    let statement = attest::draft(made, wish, ctx)?;
    let suspects = Suspects {
        statement: Some(&statement),
        recipe: &made.planned.plan.recipe,
        stored: &runs.0.written,
        outputs: made.reproduced.outputs(),
        id: keeper.folder().id(),
        runs: &[RunName::A, RunName::B],
    };
    keeper.guard_kept(secrets::refuse(&suspects, ctx), runs)?;
    if wish.signing == Signing::Later {
        return keeper.unsigned(made, runs, &statement);
    }
    let head = &made.planned.plan.recipe.recipe;
    let bundle = attest::sign(&statement, head, wish, ctx)?;
    keeper.commit(made, runs.0, bundle)
}
