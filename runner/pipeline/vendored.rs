//! Chapter: what the lockfiles inside the sources bring, laid out for the ecosystem's own offline mode.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::fd::AsFd as _;

use zwieback_core::digest::Digest;
use zwieback_core::manifest::source::{Source, Vendor};
use zwieback_core::name::Name;
use zwieback_core::purl::Purl;
use zwieback_core::rel_path::RelPath;
use zwieback_core::tree::Entry;
use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::offer::Offer;
use zwieback_host::ecosystem::{cargo_lock, cargo_vendor};
use zwieback_host::fs::beneath::open_file;
use zwieback_host::store::blob::StoredBlob;
use zwieback_host::store::stored::StoredTree;

use super::context::Context;
use super::error::PipelineError;
use super::inputs;
use super::read::Planned;

/// Names what laying out gives, for as long as it gives the same.
const METHOD: &str = "zwieback-vendor v1";
/// No lockfile is longer.
const LONGEST: u64 = 64 << 20;

/// What the lockfile of a source pins.
pub fn offers(vendor: Vendor, tree: &StoredTree) -> Result<Vec<Offer>, EcosystemError> {
    match vendor {
        Vendor::Cargo => cargo_lock::offers(&lockfile(tree, &[cargo_lock::FILE])?.1),
        Vendor::Npm | Vendor::Pypi => Err(EcosystemError::NoLockfile { file: "lockfile" }),
    }
}

/// The trees to stage beside the sources.
pub fn beside(
    planned: &Planned,
    ctx: &Context<'_>,
) -> Result<BTreeMap<RelPath, StoredTree>, PipelineError> {
    let mut trees = BTreeMap::new();
    let crates = blobs(planned, Vendor::Cargo, ctx)?;
    if let Some(name) = owner(planned, Vendor::Cargo) {
        let tree = cached(Vendor::Cargo, &crates, ctx, || {
            cargo_vendor::tree(ctx.store, &crates)
        });
        let place = cargo_vendor::PLACE.parse().expect("the place is a path");
        trees.insert(place, tree.map_err(|error| error.of(name))?);
    }
    Ok(trees)
}

/// The source as the ecosystem's client has to find it.
pub fn prepare(
    _planned: &Planned,
    _name: &Name,
    _source: &Source,
    tree: StoredTree,
    _ctx: &Context<'_>,
) -> Result<StoredTree, PipelineError> {
    Ok(tree)
}

/// An error that a source is to be named in.
enum Trouble {
    Story(PipelineError),
    Package(EcosystemError),
}

impl Trouble {
    fn of(self, name: &Name) -> PipelineError {
        match self {
            Self::Story(error) => error,
            Self::Package(error) => PipelineError::source(name)(error),
        }
    }
}

fn cached(
    vendor: Vendor,
    packages: &[(Purl, StoredBlob)],
    ctx: &Context<'_>,
    lay_out: impl FnOnce() -> Result<StoredTree, EcosystemError>,
) -> Result<StoredTree, Trouble> {
    let store = |error| Trouble::Story(PipelineError::Store(error));
    let mut text = format!("{METHOD} {}\n", vendor.kind());
    for (purl, blob) in packages {
        text.push_str(&format!("{purl} {}\n", blob.content().sha256));
    }
    let key = Digest::sha256(text.as_bytes());
    if let Some(known) = ctx.store.assembly(&key).map_err(store)?
        && let Some(tree) = ctx.store.tree(&known).map_err(store)?
    {
        tree.check_quick().map_err(store)?;
        return Ok(tree);
    }
    let tree = lay_out().map_err(Trouble::Package)?;
    ctx.store.put_assembly(&key, tree.digest()).map_err(store)?;
    Ok(tree)
}

/// The packages of one ecosystem, each once: several sources may pin the same.
fn blobs(
    planned: &Planned,
    vendor: Vendor,
    ctx: &Context<'_>,
) -> Result<Vec<(Purl, StoredBlob)>, PipelineError> {
    let mut found = BTreeMap::new();
    for (_, input) in planned.plan.vendored(vendor) {
        let known = (input.purl.clone(), input.file.clone());
        found.insert(known, inputs::blob(input, ctx)?);
    }
    Ok(found
        .into_iter()
        .map(|((purl, _), blob)| (purl, blob))
        .collect())
}

fn owner(planned: &Planned, vendor: Vendor) -> Option<&Name> {
    let mut sources = planned.plan.recipe.sources.iter();
    sources
        .find(|(_, source)| source.vendor == Some(vendor))
        .map(|(name, _)| name)
}

/// The first of these lockfiles that a source has.
fn lockfile(
    tree: &StoredTree,
    names: &[&'static str],
) -> Result<(&'static str, String), EcosystemError> {
    let is_file = |name: &&&str| matches!(tree.tree().get(name), Some(Entry::File { .. }));
    let name = names
        .iter()
        .find(is_file)
        .ok_or(EcosystemError::NoLockfile { file: names[0] })?;
    let wrong = |why: String| EcosystemError::Lockfile {
        file: (*name).to_owned(),
        why,
    };
    tree.check_quick()?;
    let file = open_file(tree.open()?.as_fd(), name).map_err(|fault| wrong(fault.to_string()))?;
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.to_string()))?;
    Ok((name, text))
}
