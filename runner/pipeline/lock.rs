//! The story of `zwieback lock`: resolve every mutable reference once, fetch it, write it down.

use std::collections::BTreeMap;

use zwieback_core::build::plan::Requests;
use zwieback_core::locked_input::LockedInput;
use zwieback_core::manifest::lockfile::Lockfile;
use zwieback_core::manifest::recipe::{Recipe, Source};
use zwieback_core::manifest::toolchain::{DebClosure, Toolchain};
use zwieback_core::name::Name;
use zwieback_host::deb::apt_state::{AptState, Platform};
use zwieback_host::deb::package::Request;
use zwieback_host::deb::resolve;
use zwieback_host::project::OnDisk;

use super::context::Context;
use super::error::PipelineError;
use super::inputs;

/// The release that source packages are looked up in. Old versions stay where they are:
/// the purl names the exact one.
const SOURCE_RELEASE: &str = "bookworm";
const SOURCE_ARCHITECTURE: &str = "amd64";

/// What a manifest can be resolved into.
pub trait Resolve: Requests {
    /// Every file that the manifest asks for, not yet fetched.
    fn resolve(&self, apt: &mut Apt<'_>) -> Result<Vec<LockedInput>, PipelineError>;
}

/// apt's private states, opened when first asked.
pub struct Apt<'a> {
    ctx: &'a Context<'a>,
    states: BTreeMap<(String, String), AptState>,
}

/// What became of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered already.
    Fresh,
    /// It was written.
    Written,
}

/// Locks one manifest: resolve, fetch, write.
pub fn lock<T: Resolve>(on_disk: &OnDisk<T>, apt: &mut Apt<'_>) -> Result<Outcome, PipelineError> {
    let ctx = apt.ctx;
    let mut resolved = on_disk.manifest.resolve(apt)?;
    inputs::fetch(&resolved, ctx)?;
    for input in &mut resolved {
        input.blake3 = Some(inputs::blob(input, ctx)?.content().blake3);
    }
    let lock = Lockfile::new(on_disk.manifest.requests(), resolved);
    if on_disk.lock.as_ref() == Some(&lock) {
        return Ok(Outcome::Fresh);
    }
    on_disk.write_lock(&lock)?;
    Ok(Outcome::Written)
}

impl<'a> Apt<'a> {
    /// Nothing opened yet.
    pub fn new(ctx: &'a Context<'a>) -> Self {
        Self {
            ctx,
            states: BTreeMap::new(),
        }
    }

    fn state(&mut self, release: &str, architecture: &str) -> Result<&AptState, PipelineError> {
        let key = (release.to_owned(), architecture.to_owned());
        if !self.states.contains_key(&key) {
            self.ctx.check_network("resolve packages")?;
            let platform = Platform {
                release: release.to_owned(),
                architecture: architecture.to_owned(),
            };
            let state = AptState::open(&self.ctx.dirs.apt(), platform)?;
            self.states.insert(key.clone(), state);
        }
        Ok(&self.states[&key])
    }
}

impl Resolve for Toolchain {
    fn resolve(&self, apt: &mut Apt<'_>) -> Result<Vec<LockedInput>, PipelineError> {
        let DebClosure {
            release,
            architecture,
            packages,
        } = &self.deb;
        let wanted: Vec<Request> = packages
            .iter()
            .map(|name| name.as_str().parse())
            .collect::<Result<_, _>>()
            .map_err(resolve::ResolveError::from)?;
        let state = apt.state(release.as_str(), architecture.as_str())?;
        Ok(resolve::closure(state, &wanted)?)
    }
}

impl Resolve for Recipe {
    fn resolve(&self, apt: &mut Apt<'_>) -> Result<Vec<LockedInput>, PipelineError> {
        self.sources
            .iter()
            .map(|(name, source)| resolve_source(name, source, apt))
            .collect()
    }
}

fn resolve_source(
    name: &Name,
    source: &Source,
    apt: &mut Apt<'_>,
) -> Result<LockedInput, PipelineError> {
    let unsupported = || PipelineError::UnsupportedSource {
        name: name.clone(),
        purl: source.purl.clone(),
    };
    if source.purl.kind() != "deb" {
        return Err(unsupported());
    }
    let file = source.file.as_ref().ok_or_else(unsupported)?;
    let state = apt.state(SOURCE_RELEASE, SOURCE_ARCHITECTURE)?;
    let mut input = resolve::source_file(state, &source.purl, file.as_str())?;
    input.source = Some(name.clone());
    Ok(input)
}
