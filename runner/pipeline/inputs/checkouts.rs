//! Chapter: commits of repositories as inputs, pinned once and fetched again, submodules included.

use std::collections::BTreeMap;

use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::git::{self, Taken};
use zwieback_host::ecosystem::git_place::{self, GitPlace};
use zwieback_host::endpoints::table::Named;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::source::Source;
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// Pins a commit and those of its submodules that the source names; the commit itself comes first.
pub fn pin(
    name: &Name,
    source: &Source,
    purl: &Purl,
    ctx: &Context<'_>,
) -> Result<Vec<LockedInput>, PipelineError> {
    ctx.check_network("ask a repository")?;
    let pinned = Pinning { source, ctx }.whole(purl);
    let mut inputs = pinned.map_err(PipelineError::source(name))?;
    for input in &mut inputs {
        input.source = Some(name.clone());
    }
    Ok(inputs)
}

/// Takes commits that were locked into the store again.
pub fn fetch(
    missing: &[LockedInput],
    named: &Named,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    for input in missing {
        ctx.check_stop()?;
        let urls = named
            .get(&(input.sha256, input.purl.clone()))
            .map_or(&[][..], Vec::as_slice);
        let most = ctx.limits.largest;
        let fetched = places(&input.purl, urls, ctx)
            .and_then(|places| git::fetch(ctx.store, input, &places, most));
        fetched.map_err(|source| PipelineError::Repository {
            purl: input.purl.clone(),
            source: Box::new(source),
        })?;
    }
    Ok(())
}

/// Where each file of a source goes below its folder: submodules at their paths, all else at the top.
pub fn placed<'i>(
    source: &Source,
    files: &[&'i LockedInput],
) -> Vec<(Option<RelPath>, &'i LockedInput)> {
    let mut placed = Vec::new();
    for input in files {
        if source.purl.as_ref() == Some(&input.purl) {
            placed.push((None, *input));
            continue;
        }
        let of = |(_, purl): &(&RelPath, &Purl)| purl.is_same_package(&input.purl);
        let paths = source.submodules.iter().filter(of);
        placed.extend(paths.map(|(path, _)| (Some(path.clone()), *input)));
    }
    placed
}

struct Pinning<'a> {
    source: &'a Source,
    ctx: &'a Context<'a>,
}

impl Pinning<'_> {
    fn whole(&self, purl: &Purl) -> Result<Vec<LockedInput>, EcosystemError> {
        let main = self.take(purl, &self.source.url)?;
        let mut inputs: BTreeMap<Purl, LockedInput> = BTreeMap::new();
        let mut missed = self.source.submodules.clone();
        let mut open = vec![(None, main.submodules)];
        while let Some((above, submodules)) = open.pop() {
            for submodule in submodules {
                let path = under(&submodule.path, above.as_ref());
                let Some(repository) = missed.remove(&path) else {
                    continue;
                };
                let purl = git_place::at(&repository, &submodule.commit)?;
                let clash = inputs.keys().find(|it| it.is_same_package(&purl));
                if clash.is_some_and(|clash| *clash != purl) {
                    return Err(EcosystemError::TwoCommits { purl: repository });
                }
                let taken = self.take(&purl, &[])?;
                open.push((Some(path), taken.submodules));
                inputs.insert(purl, taken.input);
            }
        }
        match missed.pop_first() {
            None => Ok([main.input]
                .into_iter()
                .chain(inputs.into_values())
                .collect()),
            Some((path, _)) => Err(EcosystemError::NoSubmodule {
                purl: purl.clone(),
                path,
            }),
        }
    }

    fn take(&self, purl: &Purl, urls: &[String]) -> Result<Taken, EcosystemError> {
        let places = places(purl, urls, self.ctx)?;
        git::take(self.ctx.store, purl, &places, self.ctx.limits.largest)
    }
}

fn under(path: &RelPath, above: Option<&RelPath>) -> RelPath {
    above.map_or_else(|| path.clone(), |above| path.under(above))
}

fn places(
    purl: &Purl,
    urls: &[String],
    ctx: &Context<'_>,
) -> Result<Vec<GitPlace>, EcosystemError> {
    let mirrors = ctx.mirrors.by_type.get(purl.kind());
    git_place::places(purl, mirrors.map_or(&[][..], Vec::as_slice), urls)
}
