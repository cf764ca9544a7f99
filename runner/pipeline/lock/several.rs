//! `zwieback lock`: every input of what is named is pinned by digest.

use std::collections::BTreeSet;

use zwieback_host::project::{OnDisk, Project, ProjectError};
use zwieback_model::bake::plan::Variety;
use zwieback_model::event::Event;
use zwieback_model::name::Name;

use super::locked::{Outcome, lock, lock_folders};
use super::resolver::{Resolve, Resolver};
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inputs::sources::check_folders;
use crate::pipeline::plan::read::{locked, recipe};

/// What is locked.
#[derive(Clone, Debug, Default)]
pub struct LockOptions {
    /// Recipes and toolchains; all if none is named.
    pub names: Vec<String>,
    /// Whether a lock that answers its manifest is made anew.
    pub update: bool,
    /// Whether locks are only looked at.
    pub check: bool,
}

/// Locks what is named, toolchains first.
pub fn run(options: &LockOptions, ctx: &Context<'_>) -> Result<(), Failure> {
    Ok(lock_all(&ctx.project()?, options, ctx)?)
}

fn lock_all(
    project: &Project,
    options: &LockOptions,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let toolchains = toolchains(project, &options.names)?;
    let recipes = recipes(project, &options.names);
    if options.check {
        return check(project, &toolchains, &recipes, ctx);
    }
    let mut resolver = Resolver::new(project.root(), ctx);
    for toolchain in toolchains {
        let on_disk = project.toolchain(&toolchain)?;
        // What shares a toolchain with the named recipe would move with it.
        let is_meant = options.names.is_empty() || options.names.contains(&toolchain);
        if !answers(&on_disk) || (options.update && is_meant) {
            tell(&on_disk, ctx.settle(lock(&on_disk, &mut resolver))?, ctx);
        }
    }
    for recipe in recipes {
        let on_disk = project.recipe(&recipe)?;
        let outcome = if answers(&on_disk) && !options.update {
            lock_folders(&on_disk, &mut resolver)
        } else {
            lock(&on_disk, &mut resolver)
        };
        let outcome = ctx.settle(outcome)?;
        if options.update || outcome != Outcome::Fresh {
            tell(&on_disk, outcome, ctx);
        }
    }
    Ok(())
}

/// Fails with all that is missing or stale at once: whoever mends it wants to run `lock` once.
fn check(
    project: &Project,
    toolchains: &[String],
    recipes: &[String],
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let mut problems = Vec::new();
    for name in toolchains {
        problems.extend(locked(&project.toolchain(name)?).checked().err());
    }
    for name in recipes {
        problems.extend(locked(&project.recipe(name)?).checked().err());
    }
    match problems.len() {
        0 => {}
        1 => return Err(problems.remove(0).into()),
        _ => return Err(PipelineError::Locks(problems)),
    }
    for name in recipes {
        let planned = recipe(project, name, &Variety::default(), &ctx.unobserved())?;
        check_folders(&planned, ctx)?;
    }
    Ok(())
}

/// Whether a lock answers its manifest.
fn answers<T: Resolve>(on_disk: &OnDisk<T>) -> bool {
    locked(on_disk).checked().is_ok()
}

fn tell<T: Resolve>(on_disk: &OnDisk<T>, outcome: Outcome, ctx: &Context<'_>) {
    let (kind, name) = (T::KIND.to_owned(), on_disk.manifest.name().clone());
    ctx.tell(&match outcome {
        Outcome::Fresh => Event::LockKept { kind, name },
        Outcome::Written(changes) => Event::Locked {
            kind,
            name,
            changes: changes.iter().map(ToString::to_string).collect(),
        },
    });
}

/// The named toolchains, those that the named recipes use, or all.
fn toolchains(project: &Project, names: &[String]) -> Result<Vec<String>, ProjectError> {
    if names.is_empty() {
        return Ok(project.toolchains());
    }
    let known = project.toolchains();
    let mut wanted = BTreeSet::new();
    for name in names {
        if known.contains(name) {
            wanted.insert(name.clone());
        } else {
            let recipe = project.recipe(name)?;
            wanted.extend(
                recipe
                    .manifest
                    .recipe
                    .toolchains
                    .iter()
                    .map(Name::to_string),
            );
        }
    }
    Ok(wanted.into_iter().collect())
}

fn recipes(project: &Project, names: &[String]) -> Vec<String> {
    if names.is_empty() {
        return project.recipes();
    }
    let toolchains = project.toolchains();
    names
        .iter()
        .filter(|name| !toolchains.contains(name))
        .cloned()
        .collect()
}
