//! Chapter: where to ask for what is missing, as the ecosystems' own clients are configured.

use std::collections::BTreeSet;

use zwieback_host::deb::archive_roots;
use zwieback_host::dirs;
use zwieback_host::ecosystem::{cargo as registry, npm, pypi};
use zwieback_host::endpoints::base_url::BaseUrl;
use zwieback_host::endpoints::cargo;
use zwieback_host::endpoints::table::{Endpoints, Named};
use zwieback_host::endpoints::template::Template;
use zwieback_host::fetch::client::Client;
use zwieback_host::fetch::settings::Settings;
use zwieback_model::bake::plan::{Plan, PlannedToolchain};
use zwieback_model::event::Event;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::package_file::DOWNLOAD_URL;

use crate::pipeline::context::command_context::{Context, Network};
use crate::pipeline::context::error::PipelineError;

/// The user's mirrors first, then whatever the ecosystem's own client is configured with.
/// A client that is not installed has no configuration; the mirrors then have to do.
pub fn endpoints(
    missing: &[LockedInput],
    named: &Named,
    ctx: &Context<'_>,
) -> Result<Endpoints, PipelineError> {
    let mut endpoints = Endpoints::new(ctx.mirrors.clone());
    if ctx.network == Network::Forbidden {
        return Ok(endpoints);
    }
    let kinds: BTreeSet<&str> = missing.iter().map(|input| input.purl.kind()).collect();
    for kind in kinds {
        let of_kind: Vec<_> = missing.iter().filter(|it| it.purl.kind() == kind).collect();
        endpoints = with_kind(endpoints, kind, &of_kind, ctx)?;
    }
    for input in missing {
        let urls = named.get(&(input.sha256, input.purl.clone()));
        endpoints = endpoints.with_named(input, urls.into_iter().flatten().cloned());
        let url = input.purl.qualifier(DOWNLOAD_URL).map(str::to_owned);
        endpoints = endpoints.with_named(input, url);
    }
    Ok(endpoints)
}

/// The URLs that a recipe and its toolchains name for their own files.
pub fn named(plan: &Plan) -> Named {
    let mut named = Named::new();
    for input in &plan.inputs {
        let name = input.source.as_ref();
        let source = name.and_then(|name| plan.recipe.sources.get(name));
        // What a lockfile or a submodule brings lies elsewhere.
        let source = source.filter(|source| source.purl.as_ref() == Some(&input.purl));
        add(&mut named, input, source.map(|source| &source.url));
    }
    for planned in &plan.toolchains {
        named.extend(named_by(planned));
    }
    named
}

/// The URLs that a toolchain names for its parts.
pub fn named_by(planned: &PlannedToolchain) -> Named {
    let mut named = Named::new();
    for input in &planned.inputs {
        let name = input.source.as_ref();
        let part = name.and_then(|name| planned.toolchain.part(name));
        add(&mut named, input, part.map(|(_, part)| &part.url));
    }
    named
}

/// Connections for a user whose configuration names these places.
pub fn client(
    configured: impl IntoIterator<Item = BaseUrl>,
    ctx: &Context<'_>,
) -> Result<Client, PipelineError> {
    let client = Client::new(&settings(ctx))?;
    Ok(client
        .configured(configured)
        .stopped_by(ctx.stop.fetching()))
}

/// Says that addresses cannot be judged by where they lead, if that is so.
pub fn tell_of_proxy(ctx: &Context<'_>) {
    if ctx.proxies.http.is_some() || ctx.proxies.https.is_some() {
        ctx.tell(&Event::BehindProxy);
    }
}

/// How to reach places.
pub fn settings(ctx: &Context<'_>) -> Settings {
    Settings {
        proxies: ctx.proxies.clone(),
        limits: ctx.limits,
        ..Settings::default()
    }
}

fn add(named: &mut Named, input: &LockedInput, urls: Option<&Vec<String>>) {
    if let Some(urls) = urls.filter(|urls| !urls.is_empty()) {
        let key = (input.sha256, input.purl.clone());
        named.entry(key).or_default().extend(urls.iter().cloned());
    }
}

fn with_kind(
    endpoints: Endpoints,
    kind: &str,
    missing: &[&LockedInput],
    ctx: &Context<'_>,
) -> Result<Endpoints, PipelineError> {
    Ok(match kind {
        "deb" => endpoints.with("deb", archive_roots::configured().unwrap_or_default()),
        "cargo" => {
            let is_alone = endpoints.roots(kind).is_empty();
            endpoints.with_templates(kind, crates(missing, is_alone))
        }
        "npm" => {
            let scopes: BTreeSet<_> = missing
                .iter()
                .filter_map(|it| it.purl.namespace())
                .collect();
            endpoints.with("npm", npm::roots(scopes))
        }
        "pypi" => with_pages(endpoints, missing, ctx)?,
        _ => endpoints,
    })
}

/// Places of crates. A cargo that was never used on this machine knows where to ask, but has not written
/// it down: where nothing else is known, it is given a first question.
fn crates(missing: &[&LockedInput], is_alone: bool) -> Vec<Template> {
    let Some(home) = dirs::cargo_home() else {
        return Vec::new();
    };
    if is_alone && !cargo::has_spoken(&home) {
        // A cargo that is absent, or refused, leaves no place; the error of the fetch then tells.
        let _answer = missing.first().map(|input| registry::offer(&input.purl));
    }
    cargo::templates(&home)
}

/// An index does not serve files below itself: its pages tell where each lies.
fn with_pages(
    mut endpoints: Endpoints,
    missing: &[&LockedInput],
    ctx: &Context<'_>,
) -> Result<Endpoints, PipelineError> {
    let indices = pypi::indices();
    let client = client(indices.clone(), ctx)?;
    endpoints = endpoints.with_indices(indices.clone());
    for input in missing {
        let places = pypi::places(&input.purl, input.sha256, &indices, &client);
        endpoints = endpoints.with_named(input, places);
    }
    Ok(endpoints)
}
