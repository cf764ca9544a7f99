//! Chapter: the tree that becomes `/` of the sandbox.

use std::path::{Path, PathBuf};

use zwieback_host::store::derived::{Derivation, Method};
use zwieback_host::store::stored::StoredTree;
use zwieback_host::toolchain::obtain::{known_digest, obtain};
use zwieback_model::bake::plan::{Plan, PlannedToolchain};
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::sandbox_spec::environment::Environment;

use super::endpoints;
use super::obtain;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// A tree that is whole and ready to be mounted. What is in it is of no interest here.
#[derive(Clone, Debug)]
pub struct Root {
    digest: Digest,
    path: PathBuf,
}

/// The merged tree of a plan's toolchains: from the store, or put together now.
pub fn assemble(toolchains: &[PlannedToolchain], ctx: &Context<'_>) -> Result<Root, PipelineError> {
    let root = if let Some(root) = ready(toolchains, ctx)? {
        root
    } else {
        let _turn = ctx.shared.turn_to_prepare();
        ctx.check_stop()?;
        // Another recipe may have put it together in the meantime.
        match ready(toolchains, ctx)? {
            Some(root) => root,
            None => put_together(toolchains, ctx)?,
        }
    };
    ctx.shared.put_root(root.digest, root.path.clone());
    ctx.tell(&Event::Assembled {
        toolchains: toolchains
            .iter()
            .map(|planned| planned.toolchain.name().clone())
            .collect(),
        tree: *root.digest(),
    });
    Ok(root)
}

/// The tree that was put together before: checked once in an invocation.
fn ready(
    toolchains: &[PlannedToolchain],
    ctx: &Context<'_>,
) -> Result<Option<Root>, PipelineError> {
    let Some(digest) = known(toolchains, ctx)? else {
        return Ok(None);
    };
    let path = match ctx.shared.root(&digest) {
        Some(path) => Some(path),
        None => ctx.store.ready_tree(&digest)?,
    };
    Ok(path.map(|path| Root { digest, path }))
}

fn put_together(toolchains: &[PlannedToolchain], ctx: &Context<'_>) -> Result<Root, PipelineError> {
    let mut trees = Vec::new();
    for planned in toolchains {
        trees.push((planned.toolchain.name().as_str(), one(planned, ctx)?));
    }
    let tree = match trees.as_slice() {
        [(_, only)] => only.clone(),
        several => {
            let digests: Vec<_> = several.iter().map(|(_, tree)| *tree.digest()).collect();
            let several: Vec<_> = several.iter().map(|(name, tree)| (*name, tree)).collect();
            let store = ctx.store;
            store.derived(&merging(&digests), || store.merge(&several))?
        }
    };
    Ok(Root {
        digest: *tree.digest(),
        path: tree.path().to_owned(),
    })
}

impl Root {
    /// The name of the tree.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The digest of that tree, if it was put together before: what an action needs to be looked up.
pub fn known(
    toolchains: &[PlannedToolchain],
    ctx: &Context<'_>,
) -> Result<Option<Digest>, PipelineError> {
    let mut digests = Vec::new();
    for planned in toolchains {
        match known_digest(ctx.store, planned)? {
            Some(digest) => digests.push(digest),
            None => return Ok(None),
        }
    }
    match digests.as_slice() {
        [only] => Ok(Some(*only)),
        several => Ok(ctx.store.known(&merging(several))?),
    }
}

/// Where that tree lies, and its digest, put together if need be. A tree that is ready is not
/// checked: reading the stamps of thousands of files would take longer than a shell takes to
/// start, and signs nothing.
pub fn place(
    toolchains: &[PlannedToolchain],
    ctx: &Context<'_>,
) -> Result<(PathBuf, Digest), PipelineError> {
    if let Some(digest) = known(toolchains, ctx)?
        && let Some(path) = ctx.store.unchecked_tree(&digest)?
    {
        return Ok((path, digest));
    }
    let named = toolchains.iter().flat_map(endpoints::named_by).collect();
    obtain::fetch_from(
        toolchains.iter().flat_map(|toolchain| &toolchain.inputs),
        &named,
        ctx,
    )?;
    let tree = assemble(toolchains, ctx)?;
    Ok((tree.path().to_owned(), *tree.digest()))
}

/// The environment that the toolchains bring; a later one wins.
pub fn environment(plan: &Plan) -> Environment {
    plan.toolchains
        .iter()
        .flat_map(|planned| planned.toolchain.env.clone())
        .collect()
}

fn one(planned: &PlannedToolchain, ctx: &Context<'_>) -> Result<StoredTree, PipelineError> {
    let packages = planned.size();
    ctx.tell(&Event::AssemblyStarted {
        toolchain: planned.toolchain.name().clone(),
        packages,
    });
    Ok(obtain(ctx.store, planned, ctx.stop.fetching())?)
}

/// Names a merged tree by the trees in it, in their order.
fn merging(trees: &[Digest]) -> Derivation {
    let names: Vec<_> = trees.iter().map(Digest::to_string).collect();
    Derivation::of(Method::Merge, names.join("\n"))
}
