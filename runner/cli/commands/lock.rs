//! `zwieback lock`: pin every input by digest.

use std::collections::BTreeSet;

use zwieback_core::event::Event;
use zwieback_core::name::Name;
use zwieback_host::project::{OnDisk, Project, ProjectError};

use crate::cli::args::build::LockArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::context::Context;
use crate::pipeline::lock::{Outcome, Resolve, Resolver, lock};
use crate::pipeline::read::locked;

/// Runs the command.
pub fn run(global: &Global, args: &LockArgs) -> anyhow::Result<u8> {
    let session = Session::open(global)?;
    let project = session.project()?;
    let ctx = session.context(false)?;
    let mut resolver = Resolver::new(project.root(), &ctx);
    for toolchain in toolchains(&project, &args.names)? {
        one(&project.toolchain(&toolchain)?, args, &mut resolver, &ctx)?;
    }
    for recipe in recipes(&project, &args.names) {
        one(&project.recipe(&recipe)?, args, &mut resolver, &ctx)?;
    }
    Ok(exit::DONE)
}

fn one<T: Resolve>(
    on_disk: &OnDisk<T>,
    args: &LockArgs,
    resolver: &mut Resolver<'_>,
    ctx: &Context<'_>,
) -> anyhow::Result<()> {
    let name = on_disk.manifest.name();
    let answers = locked(on_disk).checked();
    if args.check {
        answers.map_err(crate::pipeline::error::PipelineError::from)?;
        return Ok(());
    }
    if answers.is_ok() && !args.update {
        return Ok(());
    }
    if let Outcome::Written(changes) = lock(on_disk, resolver)? {
        ctx.tell(&Event::Locked {
            kind: T::KIND.to_owned(),
            name: name.clone(),
            changes: changes.iter().map(ToString::to_string).collect(),
        });
    }
    Ok(())
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
