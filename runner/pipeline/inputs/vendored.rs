//! Chapter: what the lockfiles inside the sources bring, laid out for the ecosystem's own offline mode.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;

use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::offer::Offer;
use zwieback_host::ecosystem::pin::{self, Pin};
use zwieback_host::ecosystem::{cargo_lock, cargo_vendor, npm_lock, pypi, pypi_lock, shelf};
use zwieback_host::endpoints::base_url::BaseUrl;
use zwieback_host::fetch::client::Client;
use zwieback_host::fs::beneath::open_file;
use zwieback_host::store::blob::StoredBlob;
use zwieback_host::store::derived::{Derivation, Method};
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::plan::Plan;
use zwieback_model::digest::Digest;
use zwieback_model::locked_input::FileName;
use zwieback_model::manifest::source::{Source, Vendor};
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};

use super::obtain;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::plan::read::Planned;

/// No lockfile is longer.
const LONGEST: u64 = 64 << 20;
/// No lockfile pins more packages; each is asked for by itself.
const MOST: usize = 50_000;

/// A package, the name of its file, and the file.
type Package = (Purl, FileName, StoredBlob);

/// What the lockfile of a source pins.
pub fn offers(
    vendor: Vendor,
    tree: &StoredTree,
    indices: &Indices<'_>,
) -> Result<Vec<Offer>, EcosystemError> {
    match vendor {
        Vendor::Cargo => {
            let (file, text) = lockfile(tree, &[cargo_lock::FILE])?;
            counted(file, cargo_lock::offers(&text)?)
        }
        Vendor::Npm => {
            let (file, text) = lockfile(tree, &npm_lock::FILES)?;
            counted(file, npm_lock::offers(file, &text)?)
        }
        Vendor::Pypi => {
            let (file, text) = lockfile(tree, &pypi_lock::FILES)?;
            let pins = pypi_lock::pins(file, &text)?;
            let mut offers = counted(file, pins.offers)?;
            for wanted in &counted(file, pins.wanted)? {
                offers.push(indices.offer(&wanted.purl, &wanted.digests)?);
            }
            Ok(offers)
        }
    }
}

/// The packages of a lockfile, if that is an honest one.
fn counted<T>(file: &str, packages: Vec<T>) -> Result<Vec<T>, EcosystemError> {
    if packages.len() <= MOST {
        return Ok(packages);
    }
    Err(EcosystemError::Lockfile {
        file: file.to_owned(),
        why: format!("it pins {} packages, more than {MOST}", packages.len()),
    })
}

/// Makes sure that the recipe's lock has what the lockfile inside the source pins, and nothing else.
pub fn check(
    plan: &Plan,
    name: &Name,
    source: &Source,
    tree: &StoredTree,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let Some(vendor) = source.vendor else {
        return Ok(());
    };
    let (file, pins) = pins(vendor, tree).map_err(PipelineError::source(name))?;
    let own = plan.vendored(vendor).filter(|(of, _)| *of == name);
    let own = own.map(|(_, input)| Ok((input, obtain::blob(input, ctx)?)));
    let own = own.collect::<Result<Vec<_>, PipelineError>>()?;
    pin::check(file, &pins, &own).map_err(PipelineError::source(name))
}

fn pins(vendor: Vendor, tree: &StoredTree) -> Result<(&'static str, Vec<Pin>), EcosystemError> {
    let (file, text) = match vendor {
        Vendor::Cargo => lockfile(tree, &[cargo_lock::FILE])?,
        Vendor::Npm => lockfile(tree, &npm_lock::FILES)?,
        Vendor::Pypi => lockfile(tree, &pypi_lock::FILES)?,
    };
    let offers = match vendor {
        Vendor::Cargo => cargo_lock::offers(&text)?,
        Vendor::Npm => npm_lock::offers(file, &text)?,
        Vendor::Pypi => return Ok((file, Pin::of_python(&pypi_lock::pins(file, &text)?)?)),
    };
    let pins = offers.iter().map(Pin::of_offer);
    Ok((file, pins.collect::<Result<_, _>>()?))
}

/// The indices of Python packages: a lockfile of digests alone has to be looked up.
pub struct Indices<'a> {
    /// Connections.
    pub client: &'a Client,
    /// Where to ask.
    pub roots: Vec<BaseUrl>,
}

impl Indices<'_> {
    fn offer(&self, purl: &Purl, digests: &[Digest]) -> Result<Offer, EcosystemError> {
        pypi::offer_pinned(purl, digests, &self.roots, self.client)
    }
}

/// The trees to stage beside the sources.
pub fn beside(
    planned: &Planned,
    ctx: &Context<'_>,
) -> Result<BTreeMap<RelPath, StoredTree>, PipelineError> {
    let mut trees = BTreeMap::new();
    for vendor in [Vendor::Cargo, Vendor::Npm, Vendor::Pypi] {
        let Some(name) = owner(planned, vendor) else {
            continue;
        };
        let packages = packages(planned, vendor, ctx)?;
        let tree = ctx.store.derived(&derivation(vendor, &packages), || {
            let laid_out = match vendor {
                Vendor::Cargo => cargo_vendor::tree(ctx.store, &crates(&packages)),
                Vendor::Npm | Vendor::Pypi => shelf::tree(ctx.store, &files(&packages)),
            };
            laid_out.map_err(PipelineError::source(name))
        })?;
        let place = match vendor {
            Vendor::Cargo => cargo_vendor::PLACE,
            Vendor::Npm => shelf::NPM,
            Vendor::Pypi => shelf::PYPI,
        };
        trees.insert(place.parse().expect("the place is a path"), tree);
    }
    Ok(trees)
}

/// The source as the ecosystem's client has to find it: npm's lockfile leads to the shelf beside it.
pub fn prepare(
    name: &Name,
    source: &Source,
    tree: StoredTree,
    ctx: &Context<'_>,
) -> Result<StoredTree, PipelineError> {
    if source.vendor != Some(Vendor::Npm) {
        return Ok(tree);
    }
    let shelf = format!("../{}", shelf::NPM);
    let led = lockfile(&tree, &npm_lock::FILES)
        .and_then(|(file, text)| Ok((file, npm_lock::led_to(file, &text, &shelf)?)));
    let (file, text) = led.map_err(PipelineError::source(name))?;
    let writer = ctx.store.tree_writer()?;
    let rest = tree
        .tree()
        .entries()
        .filter(|(path, _)| path.as_str() != file);
    let mut others = Tree::default();
    for (path, entry) in rest {
        let fits = others.insert(path.clone(), entry.clone());
        fits.expect("a part of a tree is a tree");
    }
    writer.layer(name.as_str()).link_part(&tree, &others)?;
    let path = file.parse().expect("the name of a lockfile is a path");
    let mut copy = writer.layer("zwieback").file(path, false)?;
    copy.write_all(text.as_bytes())
        .map_err(PipelineError::io(ctx.store.path()))?;
    copy.finish()?;
    Ok(writer.commit()?)
}

fn derivation(vendor: Vendor, packages: &[Package]) -> Derivation {
    let mut text = format!("{}\n", vendor.kind());
    for (purl, file, blob) in packages {
        text.push_str(&format!("{purl} {file} {}\n", blob.content().sha256));
    }
    Derivation::of(Method::Vendor, text)
}

/// The packages of one ecosystem, each once: several sources may pin the same.
fn packages(
    planned: &Planned,
    vendor: Vendor,
    ctx: &Context<'_>,
) -> Result<Vec<Package>, PipelineError> {
    let mut found = BTreeMap::new();
    for (_, input) in planned.plan.vendored(vendor) {
        let known = (input.purl.clone(), input.file.clone());
        found.insert(known, obtain::blob(input, ctx)?);
    }
    let flat = found
        .into_iter()
        .map(|((purl, file), blob)| (purl, file, blob));
    Ok(flat.collect())
}

fn crates(packages: &[Package]) -> Vec<(Purl, StoredBlob)> {
    let pair = |(purl, _, blob): &Package| (purl.clone(), blob.clone());
    packages.iter().map(pair).collect()
}

fn files(packages: &[Package]) -> Vec<(FileName, StoredBlob)> {
    let pair = |(_, file, blob): &Package| (file.clone(), blob.clone());
    packages.iter().map(pair).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lockfile_sends_out_a_million_requests() {
        assert!(counted("Cargo.lock", vec![0_u8; MOST]).is_ok());
        let refused = counted("Cargo.lock", vec![0_u8; MOST + 1]).unwrap_err();
        assert!(
            refused.to_string().contains("Cargo.lock: it pins 50001"),
            "{refused}"
        );
    }
}
