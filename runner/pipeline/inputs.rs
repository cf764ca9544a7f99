//! Chapter: fetch what the locks name, and nothing else, into the store.

use std::collections::BTreeSet;

use zwieback_core::event::Event;
use zwieback_core::locked_input::LockedInput;
use zwieback_host::endpoints::apt;
use zwieback_host::endpoints::table::Endpoints;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::fetch::event::FetchEvent;
use zwieback_host::fetch::fetch_all::{Fetch, fetch_all};
use zwieback_host::fetch::settings::Settings;
use zwieback_host::store::blob::Expected;

use super::context::{Context, Network};
use super::error::PipelineError;

/// Brings every input into the store.
pub fn fetch<'i>(inputs: impl IntoIterator<Item = &'i LockedInput>, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let (missing, present) = missing(inputs, ctx)?;
    if !missing.is_empty() {
        if ctx.network == Network::Forbidden {
            return Err(PipelineError::Offline { missing: missing.iter().map(describe).collect() });
        }
        download(&missing, ctx)?;
    }
    ctx.tell(&Event::Fetched {
        inputs: missing.len(),
        bytes: missing.iter().map(|input| input.size).sum(),
        reused: present,
    });
    Ok(())
}

fn missing<'i>(
    inputs: impl IntoIterator<Item = &'i LockedInput>,
    ctx: &Context<'_>,
) -> Result<(Vec<LockedInput>, usize), PipelineError> {
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    for input in inputs {
        if seen.insert(input.sha256) && ctx.store.blob(&input.sha256)?.is_none() {
            missing.push(input.clone());
        }
    }
    let present = seen.len() - missing.len();
    Ok((missing, present))
}

fn download(missing: &[LockedInput], ctx: &Context<'_>) -> Result<(), PipelineError> {
    let bytes = missing.iter().map(|input| input.size).sum();
    ctx.tell(&Event::FetchStarted { inputs: missing.len(), bytes });
    let fetch = Fetch {
        endpoints: endpoints(missing, ctx),
        downloads: ctx.dirs.downloads(),
        settings: Settings { proxies: zwieback_host::fetch::settings::Proxies::from_env(), ..Settings::default() },
        canceller: ctx.stop.clone(),
    };
    let mut have = vec![0; missing.len()];
    let mut watch = |event: FetchEvent| {
        if let FetchEvent::Received { input, have: now } = event {
            let bytes = now.saturating_sub(have[input]);
            have[input] = now;
            ctx.tell(&Event::FetchProgress { bytes });
        }
    };
    let mut deliver = |input: &LockedInput, path: &std::path::Path, content| {
        let expected = Expected::Content(content);
        let imported = ctx.store.import_file(path, expected);
        imported.map(drop).map_err(|error| FetchError::delivery(input, error))
    };
    fetch_all(missing, &fetch, &mut watch, &mut deliver)?;
    Ok(())
}

/// Where to ask: the user's mirrors, then whatever the ecosystem's own client is configured with.
/// A client that is not installed has no configuration; the mirrors then have to do.
fn endpoints(missing: &[LockedInput], ctx: &Context<'_>) -> Endpoints {
    let endpoints = Endpoints::new(ctx.mirrors.clone());
    if missing.iter().any(|input| input.purl.kind() == "deb") {
        return endpoints.with("deb", apt::roots().unwrap_or_default());
    }
    endpoints
}

fn describe(input: &LockedInput) -> String {
    format!("{} ({})", input.file, input.purl)
}
