//! The story of `zwieback lock`: resolve every mutable reference once, fetch it, write it down.

use zwieback_host::deb::package::Request;
use zwieback_host::deb::resolve::{self as apt, ResolveError};
use zwieback_host::project::OnDisk;
use zwieback_model::bake::plan::Locked;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::lock_diff::{Change, changes};
use zwieback_model::manifest::lockfile::Lockfile;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::manifest::toolchain::{DebClosure, Toolchain};

use super::resolve;
use super::resolver::{Resolve, Resolved, Resolver};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::{obtain, sources};

/// What became of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered already.
    Fresh,
    /// It was written; so much is another version than before.
    Written(Vec<Change>),
}

/// Locks one manifest: resolve, fetch, write.
pub fn lock<T: Resolve>(
    on_disk: &OnDisk<T>,
    resolver: &mut Resolver<'_>,
) -> Result<Outcome, PipelineError> {
    let ctx = resolver.ctx;
    let mut found = on_disk.manifest.resolve(resolver)?;
    obtain::fetch(&found.inputs, ctx)?;
    for input in &mut found.inputs {
        input.blake3 = Some(obtain::blob(input, ctx)?.content().blake3);
    }
    let mut lock = Lockfile::new(on_disk.manifest.requests(), found.inputs);
    lock.folders = found.folders;
    let locked = Locked {
        manifest: &on_disk.manifest,
        lock: Some(&lock),
    };
    // What no build would take is not written.
    locked.checked()?;
    write(on_disk, &lock)
}

/// Pins the folders of a recipe as they are now, and leaves every package of its lock where it is. What a
/// changed folder's own lockfile names is looked up anew.
pub fn lock_folders(
    on_disk: &OnDisk<Recipe>,
    resolver: &mut Resolver<'_>,
) -> Result<Outcome, PipelineError> {
    let Some(mut new) = on_disk.lock.clone() else {
        return lock(on_disk, resolver);
    };
    let (project, ctx) = (&resolver.project, resolver.ctx);
    for folder in &mut new.folders {
        let name = &folder.source;
        let Some(source) = on_disk.manifest.sources.get(name) else {
            continue;
        };
        let now = sources::folder_now(project, name, source, ctx)?.tree;
        if *now.digest() == folder.tree {
            continue;
        }
        if source.vendor.is_some() {
            return lock(on_disk, resolver);
        }
        sources::folder_to_lock(project, name, source, ctx)?;
        folder.tree = *now.digest();
    }
    write(on_disk, &new)
}

/// Writes a lock, if it is another one.
fn write<T: Resolve>(on_disk: &OnDisk<T>, new: &Lockfile) -> Result<Outcome, PipelineError> {
    let old = on_disk.lock.as_ref();
    if old == Some(new) {
        return Ok(Outcome::Fresh);
    }
    on_disk.write_lock(new)?;
    Ok(Outcome::Written(
        old.map_or_else(Vec::new, |old| changes(old, new)),
    ))
}

impl Resolve for Toolchain {
    fn resolve(&self, resolver: &mut Resolver<'_>) -> Result<Resolved, PipelineError> {
        let mut found = Resolved::default();
        if let Some(deb) = &self.deb {
            found.inputs = closure(deb, resolver)?;
        }
        for (name, _, part) in self.parts() {
            found.inputs.push(resolve::part(name, part, resolver)?);
        }
        Ok(found)
    }
}

/// The packages and all that they depend on.
fn closure(
    deb: &DebClosure,
    resolver: &mut Resolver<'_>,
) -> Result<Vec<LockedInput>, PipelineError> {
    let wanted = deb.packages.iter().map(|name| name.as_str().parse());
    let wanted: Vec<Request> = wanted
        .collect::<Result<_, _>>()
        .map_err(ResolveError::from)?;
    let state = resolver.apt(deb.release.as_str(), deb.architecture.as_str())?;
    Ok(apt::closure(state, &wanted)?)
}
