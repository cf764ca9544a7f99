//! Chapter: what of the store a project still needs.

use std::collections::BTreeSet;

use zwieback_host::project::{OnDisk, Project};
use zwieback_model::bake::plan::{PlannedToolchain, Variety};
use zwieback_model::digest::Digest;
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;
use zwieback_model::variation::profile::Profile;

use super::cache_lookup;
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::toolchain;
use crate::pipeline::plan::built::{Output, Outputs};
use crate::pipeline::plan::graph;
use crate::pipeline::plan::read;

/// What the project's locks name, and what is put together from it: getting it again takes a network or time.
pub fn of_locks(project: &Project, ctx: &Context<'_>) -> BTreeSet<Digest> {
    let mut keep = BTreeSet::new();
    for name in project.recipes() {
        if let Ok(recipe) = project.recipe(&name)
            && let Ok(lock) = read::locked(&recipe).checked()
        {
            keep.extend(lock.iter().map(|input| input.sha256));
            keep.extend(root_of(project, &recipe.manifest.recipe.toolchains, ctx));
        }
    }
    for name in project.toolchains() {
        if let Ok(toolchain) = project.toolchain(&name)
            && let Ok(lock) = read::locked(&toolchain).checked()
        {
            keep.extend(lock.iter().map(|input| input.sha256));
            keep.extend(root_of(project, &[toolchain.manifest.name().clone()], ctx));
        }
    }
    keep
}

/// The actions that the project's recipes come to as they are now, of either profile, where they have results.
pub fn of_results(project: &Project, ctx: &Context<'_>) -> Result<BTreeSet<Digest>, PipelineError> {
    let (ctx, mut keep) = (ctx.unobserved(), BTreeSet::new());
    let wanted = graph::read(project, &project.recipes())?;
    for profile in [None, Some(Profile::Strict)] {
        let wish = Wish {
            variety: Variety {
                profile,
                ..Variety::default()
            },
            ..Wish::default()
        };
        let mut outputs = Outputs::new();
        for name in wanted.graph.order() {
            let Ok(planned) = read::recipe(project, name.as_str(), &wish.variety, &ctx) else {
                continue;
            };
            // Without all it needs, another action would be looked up than the one that was built.
            let needs = wanted.graph.needs(name);
            if !needs.iter().all(|need| outputs.contains_key(need)) {
                continue;
            }
            if let Ok(Some(built)) =
                cache_lookup::built(&planned.with_needed(&outputs), &wish, &ctx)
            {
                keep.insert(built.action);
                outputs.insert(name.clone(), Output::of(&built));
            }
        }
    }
    Ok(keep)
}

/// The tree of these toolchains, if it was put together.
fn root_of(project: &Project, names: &[Name], ctx: &Context<'_>) -> Option<Digest> {
    let planned: Result<Vec<_>, PipelineError> =
        read::toolchains(project, names).and_then(|on_disk| {
            let one = |it: &OnDisk<Toolchain>| Ok(PlannedToolchain::new(&read::locked(it))?);
            on_disk.iter().map(one).collect()
        });
    toolchain::known(&planned.ok()?, ctx).ok()?
}
