//! Where an artifact comes from and how it got where it is: from deployment back to every input.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::key_id::KeyId;
use zwieback_attest::provenance::Provenance;
use zwieback_attest::reason::Refusal as AttestRefusal;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::digest::Digest;
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::error::CommandError;
use super::session::Reader;
use super::status::{RevocationStatus, person, revoked};
use crate::reason::{Reason, Refusal};
use crate::state::environment::{Generation, Origin};
use crate::state::folded::State;
use crate::state::record::{BuildRecord, Entered};
use crate::statement::test_result::TestResult;

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
    pub tests: Vec<(u64, String, TestResult)>,
    /// How it was built.
    pub builds: Vec<BuildTrace>,
    /// Revocations that reach it.
    pub revocations: Vec<RevocationStatus>,
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
    /// Every input.
    pub inputs: Vec<InputTrace>,
}

/// One input of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputTrace {
    /// What it is called.
    pub name: String,
    /// Its package URL, where it has one.
    pub uri: Option<String>,
    /// What it was to the build, in its builder's words, such as `toolchain c`.
    pub role: String,
    /// Its digest.
    pub digest: Digest,
    /// Who changed it, as far as anyone said.
    pub authors: Vec<Name>,
}

/// Traces an artifact through the log.
pub fn trace(reader: &Reader<'_>, artifact: Digest) -> Result<Trace, CommandError> {
    let state = reader.state()?;
    let missing = || Refusal::new(Reason::ProvenanceMissing, artifact.short());
    let record = state.artifact(artifact).ok_or_else(missing)?;
    let approvals = record.approvals.iter().map(|approval| {
        let (environment, expires) = (approval.what.environment.clone(), approval.what.expires);
        (
            approval.index,
            person(&state, approval.key),
            environment,
            expires,
        )
    });
    let tests = record.tests.iter();
    let tests = tests.map(|test| (test.index, person(&state, test.key), test.what.result));
    Ok(Trace {
        artifact,
        name: record.name.clone(),
        deployments: deployments(&state, artifact),
        approvals: approvals.collect(),
        tests: tests.collect(),
        builds: builds(reader, &state, artifact)?,
        revocations: revocations(&state, artifact)?,
    })
}

fn deployments(state: &State, artifact: Digest) -> Vec<Deployment> {
    let policy = state.policy().ok();
    let known = policy
        .into_iter()
        .flat_map(|policy| &policy.release.environments);
    let known: Vec<&Name> = known.map(|environment| &environment.name).collect();
    // What the policy dropped has not gone from where it was deployed.
    let dropped = state.environments().filter(|name| !known.contains(name));
    let mut all = Vec::new();
    for environment in known.iter().copied().chain(dropped) {
        let Some(history) = state.history(environment) else {
            continue;
        };
        let last = history.current().map(|generation| generation.number);
        let of = history
            .generations()
            .iter()
            .filter(|generation| generation.artifact == artifact);
        all.extend(of.map(|generation| Deployment {
            environment: environment.clone(),
            is_current: Some(generation.number) == last,
            generation: generation.clone(),
        }));
    }
    all
}

fn builds(
    reader: &Reader<'_>,
    state: &State,
    artifact: Digest,
) -> Result<Vec<BuildTrace>, CommandError> {
    let record = state.artifact(artifact);
    let builds = record.map_or(&[][..], |record| &record.builds).iter();
    let bundles = reader.ledger.provenance(state, artifact, reader.now)?;
    let build = |(build, bundle): (&Entered<BuildRecord>, Vec<u8>)| {
        Ok(BuildTrace {
            index: build.index,
            builder: build.what.builder.clone(),
            key: build.key,
            recipe: build.what.release.clone(),
            inputs: inputs(state, &bundle)?,
        })
    };
    builds.zip(bundles).map(build).collect()
}

/// The inputs as the provenance has them; the state keeps less.
fn inputs(state: &State, bundle: &[u8]) -> Result<Vec<InputTrace>, Refusal> {
    let bundle = Bundle::parse(bundle).map_err(AttestRefusal::from)?;
    let statement = Statement::parse(&bundle.envelope().payload).map_err(AttestRefusal::from)?;
    let provenance = Provenance::read(&statement.predicate)?;
    let dependencies = provenance.resolved_dependencies.into_iter();
    let input = |it: ResourceDescriptor| {
        let digest = it.digest.get_sha256()?;
        let role = it.annotations.get("role").and_then(Value::as_str);
        Some(InputTrace {
            name: it.label().to_owned(),
            role: role.unwrap_or_default().to_owned(),
            authors: state.authors(digest).into_iter().cloned().collect(),
            digest,
            uri: it.uri,
        })
    };
    Ok(dependencies.filter_map(input).collect())
}

fn revocations(state: &State, artifact: Digest) -> Result<Vec<RevocationStatus>, Refusal> {
    let policy = state.policy()?;
    let reaching = state.revocations().iter().filter(|record| {
        let radius = state.blast_radius(&record.revocation.revoked);
        let mut artifacts = radius.artifacts.iter();
        artifacts.any(|(digest, _)| *digest == artifact)
    });
    Ok(reaching.map(|record| revoked(record, policy)).collect())
}

/// How a generation came about, in a few words.
pub fn origin(generation: &Generation) -> String {
    match &generation.origin {
        Origin::Promotion { .. } => "promoted".to_owned(),
        Origin::Rollback { to, trigger, .. } => {
            format!("rolled back to generation {to} ({})", trigger.as_str())
        }
    }
}
