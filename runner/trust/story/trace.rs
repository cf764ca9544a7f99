//! Where an artifact comes from and how it got where it is: from deployment back to every input.

use zwieback_core::attest::key_id::KeyId;
use zwieback_core::digest::Digest;
use zwieback_core::name::Name;
use zwieback_core::timestamp::Timestamp;

use super::desk::Reader;
use super::error::StoryError;
use crate::reason::{Reason, Refusal};
use crate::state::environment::{Generation, Origin};
use crate::state::folded::State;

/// All that the log says about one artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The artifact.
    pub artifact: Digest,
    /// What it is called.
    pub name: String,
    /// Where it was deployed, and whether it still is.
    pub deployments: Vec<Deployment>,
    /// Who approved it for what.
    pub approvals: Vec<(u64, String, Name, Timestamp)>,
    /// How its tests ended, and on whose word.
    pub tests: Vec<(u64, String, &'static str)>,
    /// How it was built.
    pub builds: Vec<BuildTrace>,
    /// Revocations that reach it: entry, what, why.
    pub revocations: Vec<(u64, String, String)>,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Where.
    pub environment: Name,
    /// Which.
    pub generation: Generation,
    /// Whether it is the current one.
    pub is_current: bool,
}

/// One build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildTrace {
    /// The entry.
    pub index: u64,
    /// The builder.
    pub builder: String,
    /// Its key.
    pub key: KeyId,
    /// Recipe and version.
    pub recipe: Option<(String, String)>,
    /// Every input, and who changed it where that is known.
    pub inputs: Vec<(String, Digest, Vec<Name>)>,
}

/// Traces an artifact through the log.
pub fn trace(reader: &Reader<'_>, artifact: Digest) -> Result<Trace, StoryError> {
    let state = reader.state()?;
    let missing = || Refusal::new(Reason::ProvenanceMissing, artifact.short());
    let record = state.artifact(artifact).ok_or_else(missing)?;
    let approvals = record.approvals.iter().map(|it| {
        let (environment, expires) = (it.what.environment.clone(), it.what.expires);
        (it.index, person(&state, it.key), environment, expires)
    });
    let tests = record.tests.iter().map(|it| {
        let verb = crate::statement::said::Said::Tested(it.what).verb();
        (it.index, person(&state, it.key), verb)
    });
    Ok(Trace {
        artifact,
        name: record.name.clone(),
        deployments: deployments(&state, artifact),
        approvals: approvals.collect(),
        tests: tests.collect(),
        builds: builds(&state, artifact),
        revocations: revocations(&state, artifact),
    })
}

fn deployments(state: &State, artifact: Digest) -> Vec<Deployment> {
    let policy = state.policy().map(|it| it.release.environments.clone());
    let mut all = Vec::new();
    for environment in policy.unwrap_or_default() {
        let Some(history) = state.history(&environment.name) else {
            continue;
        };
        let last = history.current().map(|it| it.number);
        let of = history
            .generations()
            .iter()
            .filter(|it| it.artifact == artifact);
        all.extend(of.map(|generation| Deployment {
            environment: environment.name.clone(),
            is_current: Some(generation.number) == last,
            generation: generation.clone(),
        }));
    }
    all
}

fn builds(state: &State, artifact: Digest) -> Vec<BuildTrace> {
    let record = state.artifact(artifact);
    let builds = record.map_or(&[][..], |it| &it.builds).iter();
    let authors = |digest| {
        state
            .authors(digest)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    };
    builds
        .map(|it| BuildTrace {
            index: it.index,
            builder: it.what.builder.clone(),
            key: it.key,
            recipe: it.what.release.clone(),
            inputs: it
                .what
                .inputs
                .iter()
                .map(|(digest, label)| (label.clone(), *digest, authors(*digest)))
                .collect(),
        })
        .collect()
}

fn revocations(state: &State, artifact: Digest) -> Vec<(u64, String, String)> {
    let reaching = state.revocations().iter().filter(|it| {
        let radius = state.blast_radius(&it.revocation.revoked);
        radius
            .artifacts
            .iter()
            .any(|(digest, _)| *digest == artifact)
    });
    reaching
        .map(|it| {
            let (what, why) = (&it.revocation.revoked, &it.revocation.reason);
            (
                it.index,
                format!("{} {}", what.kind(), what.id()),
                why.clone(),
            )
        })
        .collect()
}

fn person(state: &State, key: KeyId) -> String {
    let person = state
        .policy()
        .ok()
        .and_then(|it| it.release.people.person(key));
    person.map_or_else(|| format!("key {}", key.short()), ToString::to_string)
}

/// How a generation came about, in a few words.
pub fn origin(generation: &Generation) -> String {
    match &generation.origin {
        Origin::Promotion { policy } => format!("promoted under policy {}", policy.short()),
        Origin::Rollback { to, trigger, .. } => {
            format!("rolled back to generation {to} ({})", trigger.as_str())
        }
    }
}
