//! Chapter: each source of a recipe to the bytes or the tree that it is now.

use zwieback_host::deb::resolve;
use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::offer::Offer;
use zwieback_host::ecosystem::take::Taker;
use zwieback_host::ecosystem::{cargo, generic, npm, pypi};
use zwieback_host::endpoints::base_url::BaseUrl;
use zwieback_host::endpoints::table::Named;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::locked_input::{FileName, LockedInput};
use zwieback_model::manifest::lockfile::LockedFolder;
use zwieback_model::manifest::part::Part;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::manifest::source::{Origin, Source};
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;

use super::resolver::{Resolve, Resolved, Resolver};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::checkouts;
use crate::pipeline::inputs::endpoints;
use crate::pipeline::inputs::obtain;
use crate::pipeline::inputs::sources;
use crate::pipeline::inputs::vendored::{self, Indices};

/// The release that source packages are looked up in. Old versions stay where they are:
/// the purl names the exact one.
pub(crate) const SOURCE_RELEASE: &str = "bookworm";
pub(crate) const SOURCE_ARCHITECTURE: &str = "amd64";

impl Resolve for Recipe {
    fn resolve(&self, resolver: &mut Resolver<'_>) -> Result<Resolved, PipelineError> {
        let mut found = Resolved::default();
        for (name, source) in &self.sources {
            let tree = one(name, source, resolver, &mut found)?;
            if let (Some(vendor), Some(tree)) = (source.vendor, tree) {
                let roots = indices(resolver, vendor.kind());
                let client = endpoints::client(roots.clone(), resolver.ctx)?;
                let indices = Indices {
                    client: &client,
                    roots,
                };
                let offers = vendored::offers(vendor, &tree, &indices);
                let offers = offers.map_err(PipelineError::source(name))?;
                found.inputs.extend(take_all(name, offers, resolver)?);
            }
        }
        Ok(found)
    }
}

/// Pins one source; answers its tree where a lockfile inside has to be read.
fn one(
    name: &Name,
    source: &Source,
    resolver: &mut Resolver<'_>,
    found: &mut Resolved,
) -> Result<Option<StoredTree>, PipelineError> {
    let ctx = resolver.ctx;
    match source.origin() {
        Ok(Origin::Folder(path)) => {
            let tree = sources::folder_to_lock(&resolver.project, name, source, ctx)?;
            found.folders.push(LockedFolder {
                source: name.clone(),
                path: path.clone(),
                tree: *tree.digest(),
            });
            Ok(Some(tree))
        }
        Ok(Origin::Package(purl)) => {
            let own = package(name, source, purl, resolver)?;
            let mut tree = None;
            if source.vendor.is_some() {
                obtain::fetch(&own, ctx)?;
                let files: Vec<_> = own.iter().collect();
                tree = Some(sources::one(name, source, &files, ctx)?.0);
            }
            found.inputs.extend(own);
            Ok(tree)
        }
        Err(_) => unreachable!("a parsed recipe has one origin for each source"),
    }
}

/// Pins one part of a toolchain, as a source is pinned.
pub fn part(
    name: &Name,
    part: &Part,
    resolver: &mut Resolver<'_>,
) -> Result<LockedInput, PipelineError> {
    let source = part.as_source();
    let mut inputs = package(name, &source, &part.purl, resolver)?;
    Ok(inputs.remove(0))
}

/// The files of a package, its own first, and none that the recipe's author knows to be others.
pub(crate) fn package(
    name: &Name,
    source: &Source,
    purl: &Purl,
    resolver: &mut Resolver<'_>,
) -> Result<Vec<LockedInput>, PipelineError> {
    let inputs = if purl.is_repository() {
        checkouts::pin(name, source, purl, resolver.ctx)?
    } else {
        vec![file(name, source, purl, resolver)?]
    };
    check(source, &inputs[0]).map_err(PipelineError::source(name))?;
    Ok(inputs)
}

fn file(
    name: &Name,
    source: &Source,
    purl: &Purl,
    resolver: &mut Resolver<'_>,
) -> Result<LockedInput, PipelineError> {
    let file = source.file.as_ref().map(FileName::as_str);
    let wrong = PipelineError::source(name);
    let offer = match purl.kind() {
        "deb" => return debian(name, purl, file, resolver),
        "cargo" => cargo::offer(purl).map_err(wrong)?,
        "npm" => npm::offer(purl).map_err(wrong)?,
        "pypi" => {
            resolver.ctx.check_network("ask an index")?;
            let indices = indices(resolver, "pypi");
            let client = endpoints::client(indices.clone(), resolver.ctx)?;
            pypi::offer(purl, file, &indices, &client).map_err(wrong)?
        }
        "generic" => {
            let given = generic::Given {
                purl,
                file,
                urls: &source.url,
                sha256: source.sha256,
            };
            generic::offer(&given).map_err(wrong)?
        }
        _ => return Err(unsupported(name, purl)),
    };
    let mut taken = take_all(name, vec![offer], resolver)?;
    Ok(taken.remove(0))
}

/// The indices to look a package up in; none but Python's are read by zwieback itself.
pub(crate) fn indices(resolver: &Resolver<'_>, kind: &str) -> Vec<BaseUrl> {
    if kind != "pypi" {
        return Vec::new();
    }
    let mirrors = resolver.ctx.mirrors.by_type.get(kind).cloned();
    [mirrors.unwrap_or_default(), pypi::indices()].concat()
}

fn debian(
    name: &Name,
    purl: &Purl,
    file: Option<&str>,
    resolver: &mut Resolver<'_>,
) -> Result<LockedInput, PipelineError> {
    let file = file.ok_or_else(|| unsupported(name, purl))?;
    let state = resolver.apt(SOURCE_RELEASE, SOURCE_ARCHITECTURE)?;
    let mut input = resolve::source_file(state, purl, file)?;
    input.source = Some(name.clone());
    Ok(input)
}

/// Takes what is offered into the store, checked against what its index or lockfile promises.
fn take_all(
    name: &Name,
    offers: Vec<Offer>,
    resolver: &Resolver<'_>,
) -> Result<Vec<LockedInput>, PipelineError> {
    let ctx = resolver.ctx;
    ctx.check_network("fetch what nobody here has seen")?;
    endpoints::tell_of_proxy(ctx);
    let wanted: Vec<_> = offers.iter().map(Offer::as_input).collect();
    let endpoints = endpoints::endpoints(&wanted, &Named::new(), ctx)?;
    let client = endpoints::client(endpoints.configured(), ctx)?;
    let taker = Taker {
        store: ctx.store,
        client: &client,
        endpoints: &endpoints,
        canceller: ctx.stop.fetching(),
    };
    let mut inputs = Vec::new();
    for offer in offers {
        let taken = taker.take(&offer);
        let mut input = taken.map_err(PipelineError::source(name))?;
        input.source = Some(name.clone());
        inputs.push(input);
    }
    Ok(inputs)
}

/// What the recipe's author knows counts more than what an index says.
fn check(source: &Source, input: &LockedInput) -> Result<(), EcosystemError> {
    match source.sha256 {
        Some(wanted) if wanted != input.sha256 => Err(EcosystemError::Contradicts {
            purl: input.purl.clone(),
            recipe: wanted,
            index: input.sha256,
        }),
        _ => Ok(()),
    }
}

fn unsupported(name: &Name, purl: &Purl) -> PipelineError {
    PipelineError::UnsupportedSource {
        name: name.clone(),
        purl: purl.clone(),
    }
}
