//! The state of all environments at one look.

use std::collections::BTreeSet;

use zwieback_attest::key_id::KeyId;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::error::CommandError;
use super::session::Reader;
use super::standing::{check_deployed, check_empty, keep};
use crate::gate::exceptions;
use crate::policy::in_force::PolicyInForce;
use crate::reason::Refusal;
use crate::state::environment::Generation;
use crate::state::folded::State;
use crate::state::record::RevocationRecord;
use crate::statement::revocation::{Revocation, Revoked};

/// The state of all environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The log's name.
    pub log: String,
    /// Its entries.
    pub size: u64,
    /// The policy's version and digest, and when it ends.
    pub policy: (u64, Digest, Timestamp),
    /// Every environment, in the policy's order; behind them those that it does not know and where something
    /// is deployed all the same.
    pub environments: Vec<EnvironmentStatus>,
    /// What was revoked.
    pub revocations: Vec<RevocationStatus>,
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationStatus {
    /// The entry.
    pub index: u64,
    /// Who said so.
    pub by: Name,
    /// What, and from when.
    pub revocation: Revocation,
    /// Whose key it is, if it is one that the policy knows.
    pub owner: Option<String>,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentStatus {
    /// Its name.
    pub name: Name,
    /// What is deployed.
    pub current: Option<Generation>,
    /// Whether the place itself was looked at: a gate's file names it. If not, this is the log's word alone.
    pub is_looked_at: bool,
    /// Whether it would be kept, now.
    pub verdict: Result<(), Refusal>,
    /// Approvals for what is not deployed there: artifact, its name, who.
    pub pending: Vec<(Digest, String, BTreeSet<Name>)>,
    /// Exceptions that hold now.
    pub exceptions: Vec<ExceptionStatus>,
}

/// An exception that holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionStatus {
    /// The entry.
    pub index: u64,
    /// For which artifact.
    pub artifact: String,
    /// Who made it.
    pub by: String,
    /// Which rules do not hold.
    pub scope: BTreeSet<String>,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

/// Looks at every environment of the policy in force, and at every other one where something is deployed: a
/// policy that drops an environment takes nothing out of it.
pub fn status(reader: &Reader<'_>) -> Result<Status, CommandError> {
    let state = reader.state()?;
    let policy = state.policy()?;
    let known = policy
        .release
        .environments
        .iter()
        .map(|environment| &environment.name);
    let known: Vec<&Name> = known.collect();
    let dropped = dropped(reader, &state, &known)?;
    let names = known.into_iter().chain(dropped);
    let environments = names.map(|name| environment(reader, &state, name));
    Ok(Status {
        log: state.log().to_string(),
        size: state.size(),
        policy: (
            policy.release.version,
            policy.digest,
            policy.release.expires,
        ),
        environments: environments.collect::<Result<_, _>>()?,
        revocations: state
            .revocations()
            .iter()
            .map(|record| revoked(record, policy))
            .collect(),
    })
}

/// Environments that the policy in force does not know, and where something is by the log's word or by what is
/// found there.
fn dropped<'a>(
    reader: &Reader<'a>,
    state: &'a State,
    known: &[&Name],
) -> Result<BTreeSet<&'a Name>, CommandError> {
    let mut found: BTreeSet<&Name> = state.occupied().collect();
    for (name, place) in reader.places {
        if place.target.deployed()?.is_some() {
            found.insert(name);
        }
    }
    found.retain(|name| !known.contains(name));
    Ok(found)
}

/// A revocation, with whose key it is.
pub(super) fn revoked(record: &RevocationRecord, policy: &PolicyInForce) -> RevocationStatus {
    let revocation = record.revocation.clone();
    let owner = match revocation.revoked {
        Revoked::Key(key) => policy.owner(key),
        Revoked::Artifact(_) | Revoked::Builder(_) | Revoked::Source(_) => None,
    };
    RevocationStatus {
        index: record.index,
        by: record.by.clone(),
        revocation,
        owner,
    }
}

fn environment(
    reader: &Reader<'_>,
    state: &State,
    name: &Name,
) -> Result<EnvironmentStatus, CommandError> {
    let current = state.history(name).and_then(|history| history.current());
    let verdict = match current {
        None => check_empty(reader, name)?,
        Some(current) => verdict(reader, state, current, name)?,
    };
    Ok(EnvironmentStatus {
        name: name.clone(),
        verdict,
        is_looked_at: reader.places.contains_key(name),
        pending: pending(
            reader,
            state,
            name,
            current.map(|generation| generation.artifact),
        ),
        exceptions: exceptions_of(reader, state, name),
        current: current.cloned(),
    })
}

/// Everything that is wrong with what is deployed, what must not stay first.
fn verdict(
    reader: &Reader<'_>,
    state: &State,
    current: &Generation,
    environment: &Name,
) -> Result<Result<(), Refusal>, CommandError> {
    let kept = keep(reader, state, current, None, environment)?;
    let place = reader.places.get(environment);
    let deployed = place.map(|place| check_deployed(place, current));
    let deployed = deployed.transpose()?.and_then(Result::err);
    let all = kept
        .must_go
        .into_iter()
        .chain(deployed)
        .chain(kept.verdict.err());
    Ok(Refusal::of_many(all).map_or(Ok(()), Err))
}

fn pending(
    reader: &Reader<'_>,
    state: &State,
    environment: &Name,
    deployed: Option<Digest>,
) -> Vec<(Digest, String, BTreeSet<Name>)> {
    let mut all = Vec::new();
    for (digest, record) in state.artifacts() {
        let history = state.history(environment);
        if Some(*digest) == deployed
            || history.is_some_and(|history| history.replaced(*digest).is_some())
        {
            continue;
        }
        let approvals = record.approvals.iter().filter(|approval| {
            approval.what.environment == *environment && reader.now < approval.what.expires
        });
        let who = approvals.filter_map(|approval| state.speaker(approval).ok().cloned());
        let who: BTreeSet<Name> = who.collect();
        if !who.is_empty() {
            all.push((*digest, record.name.clone(), who));
        }
    }
    all
}

fn exceptions_of(reader: &Reader<'_>, state: &State, environment: &Name) -> Vec<ExceptionStatus> {
    let records = state.artifacts().iter();
    let all = records.flat_map(|(digest, record)| {
        let exceptions = record.exceptions.iter();
        exceptions.map(move |exception| (digest, record, exception))
    });
    let holding = all.filter(|(digest, _, it)| {
        it.what.environment == *environment
            && exceptions::check(state, **digest, it, reader.now).is_ok()
    });
    holding
        .map(|(_, record, it)| ExceptionStatus {
            index: it.index,
            artifact: record.name.clone(),
            by: person(state, it.key),
            scope: it.what.scope.clone(),
            reason: it.what.reason.clone(),
            expires: it.what.expires,
        })
        .collect()
}

/// Whose key that is, or which.
pub(super) fn person(state: &State, key: KeyId) -> String {
    let person = state
        .policy()
        .ok()
        .and_then(|policy| policy.release.people.person(key));
    person.map_or_else(|| format!("key {}", key.short()), ToString::to_string)
}
