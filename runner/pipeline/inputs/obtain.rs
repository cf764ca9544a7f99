//! Chapter: fetch what the locks name, and nothing else, into the store.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use zwieback_host::endpoints::table::Named;
use zwieback_host::fetch::event::FetchEvent;
use zwieback_host::fetch::fetch_all::Fetch;
use zwieback_host::fetch::into_store::{Reach, fetch_into, stored};
use zwieback_host::store::blob::StoredBlob;
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::purl::Purl;

use super::checkouts;
use super::endpoints;
use crate::pipeline::context::command_context::{Context, Network};
use crate::pipeline::context::error::PipelineError;

/// Brings every input into the store.
pub fn fetch<'i>(
    inputs: impl IntoIterator<Item = &'i LockedInput>,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    fetch_from(inputs, &Named::new(), ctx)
}

/// Brings every input into the store; recipes name URLs for some of them.
pub fn fetch_from<'i>(
    inputs: impl IntoIterator<Item = &'i LockedInput>,
    named: &Named,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let inputs = distinct(inputs);
    let mut missing = missing(&inputs, ctx)?;
    // Whoever is served from the store waits for nobody.
    let turn = (!missing.is_empty()).then(|| ctx.shared.turn_to_fetch());
    if turn.is_some() {
        ctx.check_stop()?;
        missing = self::missing(&missing, ctx)?;
    }
    let bytes = missing.iter().map(|input| input.size).sum();
    if !missing.is_empty() {
        if ctx.network == Network::Allowed {
            endpoints::tell_of_proxy(ctx);
            ctx.tell(&Event::FetchStarted {
                inputs: missing.len(),
                bytes,
            });
        }
        let (commits, files): (Vec<_>, Vec<_>) = missing
            .iter()
            .cloned()
            .partition(|it| it.purl.is_repository());
        if !commits.is_empty() {
            ctx.check_network("ask a repository")?;
            checkouts::fetch(&commits, named, ctx)?;
        }
        download(&files, named, ctx)?;
    }
    let reused = inputs.len() - missing.len();
    ctx.tell(&Event::Fetched {
        inputs: missing.len(),
        bytes,
        reused,
    });
    Ok(())
}

/// The stored file of an input that was fetched.
pub fn blob(input: &LockedInput, ctx: &Context<'_>) -> Result<StoredBlob, PipelineError> {
    stored(ctx.store, input, reach(ctx))?.ok_or_else(|| PipelineError::Vanished {
        file: input.file.to_string(),
    })
}

fn distinct<'i>(inputs: impl IntoIterator<Item = &'i LockedInput>) -> Vec<LockedInput> {
    // The bytes of one package are not those of another before a place of the other has given them.
    let distinct: BTreeMap<(Digest, &Purl), &LockedInput> = inputs
        .into_iter()
        .map(|input| ((input.sha256, &input.purl), input))
        .collect();
    distinct.into_values().cloned().collect()
}

fn missing(inputs: &[LockedInput], ctx: &Context<'_>) -> Result<Vec<LockedInput>, PipelineError> {
    let mut missing = Vec::new();
    for input in inputs {
        if stored(ctx.store, input, reach(ctx))?.is_none() {
            missing.push(input.clone());
        }
    }
    Ok(missing)
}

fn download(
    missing: &[LockedInput],
    named: &Named,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let fetch = Fetch {
        endpoints: endpoints::endpoints(missing, named, ctx)?,
        downloads: ctx.dirs.downloads(),
        settings: endpoints::settings(ctx),
        canceller: ctx.stop.fetching().clone(),
    };
    let mut progress = Progress::new(missing.len(), ctx);
    let fetched = fetch_into(ctx.store, missing, &fetch, reach(ctx), &mut |event| {
        progress.see(&event);
    });
    progress.tell();
    fetched?;
    Ok(())
}

fn reach(ctx: &Context<'_>) -> Reach {
    match ctx.network {
        Network::Allowed => Reach::Network,
        Network::Forbidden => Reach::StoreOnly,
    }
}

/// How much has arrived, told often enough for a bar and seldom enough for a log.
struct Progress<'c> {
    ctx: &'c Context<'c>,
    have: Vec<u64>,
    untold: u64,
    told: Instant,
}

impl<'c> Progress<'c> {
    /// Between two events; a bar is drawn about as often.
    const PAUSE: Duration = Duration::from_millis(100);

    fn new(inputs: usize, ctx: &'c Context<'c>) -> Self {
        Self {
            ctx,
            have: vec![0; inputs],
            untold: 0,
            told: Instant::now(),
        }
    }

    fn see(&mut self, event: &FetchEvent) {
        if let FetchEvent::Received { input, have } = *event {
            self.untold += have.saturating_sub(self.have[input]);
            self.have[input] = have;
            if self.told.elapsed() >= Self::PAUSE {
                self.tell();
            }
        }
    }

    fn tell(&mut self) {
        let bytes = mem::take(&mut self.untold);
        if bytes > 0 {
            self.ctx.tell(&Event::FetchProgress { bytes });
        }
        self.told = Instant::now();
    }
}
