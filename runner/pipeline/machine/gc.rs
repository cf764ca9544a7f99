//! `zwieback store gc`: what no result, no link and no lock of this project needs goes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use zwieback_host::store::gc::Collector;
use zwieback_host::store::listing::Kind;
use zwieback_model::amount::{bytes, counted};
use zwieback_model::digest::Digest;

use super::store::references;
use crate::pipeline::build::gc_roots;
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::observe::Nobody;
use crate::pipeline::context::world::World;

/// What is deleted.
#[derive(Clone, Copy, Debug)]
pub struct GcOptions {
    /// Results, too, but for those of the project's recipes as they are now.
    pub results: bool,
    /// Nothing: it is only said what would go.
    pub dry_run: bool,
}

/// Runs the command.
pub fn run(options: GcOptions, world: World, screen: &dyn Tell) -> Ended {
    let (path, mut keep) = needed(&world)?;
    drop(world);
    let collector = Collector::open(&path)?;
    if !options.results {
        let all = collector.store().ls()?.into_iter();
        let actions = all.filter(|listed| listed.object.kind == Kind::Action);
        keep.extend(actions.map(|listed| listed.object.digest));
    }
    let plan = collector.store().plan_gc(&keep, &references)?;
    let verb = if options.dry_run {
        "would delete"
    } else {
        collector.collect(&plan)?;
        "deleted"
    };
    let (objects, size) = (counted(plan.remove.len(), "object"), bytes(plan.bytes));
    screen.tell(&Answer::Beside(format!("{verb} {objects}, {size}")))?;
    Ok(End::Done)
}

/// Where the store is, and what the project needs of it.
fn needed(world: &World) -> Result<(PathBuf, BTreeSet<Digest>), Failure> {
    let mut keep = BTreeSet::new();
    let ctx = world.context(true, &Nobody)?;
    // Outside of a project there are no locks and no recipes to keep anything for.
    if let Ok(project) = ctx.project() {
        keep.extend(gc_roots::of_locks(&project, &ctx));
        keep.extend(gc_roots::of_results(&project, &ctx)?);
    }
    Ok((ctx.store.path().to_owned(), keep))
}
