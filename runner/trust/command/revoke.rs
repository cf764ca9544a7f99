//! Revocation: see the blast radius first, then say it, then roll back what policy says.

use std::collections::BTreeSet;

use zwieback_attest::key_id::KeyName;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::statement::Statement;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::error::CommandError;
use super::session::{Reader, Session};
use super::standing::may_stand;
use super::submit::record;
use super::watch::{Watched, watch};
use crate::state::blast::BlastRadius;
use crate::state::folded::State;
use crate::state::record::Line;
use crate::statement::revocation::{Revocation, Revoked};

/// What `revoke` takes.
#[derive(Clone, Debug)]
pub struct Revoke {
    /// What.
    pub revoked: Revoked,
    /// What a key signed before, by trusted time, still counts.
    pub from: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// What came of a look at an environment.
pub type Look = (Name, Result<Watched, CommandError>);

/// What a revocation would reach: shown before anything is signed.
pub fn blast_radius(reader: &Reader<'_>, revoked: &Revoked) -> Result<BlastRadius, CommandError> {
    let Revoked::Key(key) = revoked else {
        return Ok(reader.state()?.blast_radius(revoked));
    };
    let (state, signed) = reader.ledger.signed_by(*key, reader.now)?;
    let mut radius = state.blast_radius(revoked);
    radius.signed = signed;
    radius.speaks_for = speaks_for(reader, &state, *key);
    Ok(radius)
}

/// For whom a key speaks by the policy in force, or as the log's own.
fn speaks_for(reader: &Reader<'_>, state: &State, name: KeyName) -> Vec<String> {
    let in_force = state.policy().ok();
    let key = in_force
        .and_then(|policy| policy.key(name))
        .map(PublicKey::id);
    let policy = in_force.map(|policy| &policy.release);
    let person = policy.and_then(|policy| policy.people.person(key?));
    let gate = policy.filter(|policy| policy.gate_keys.iter().any(|key| name.names(*key)));
    let log = reader.ledger.log_key().is_some_and(|key| name.names(key));
    let person = person.map(ToString::to_string);
    let gate = gate.map(|policy| format!("the gate {}", policy.gate));
    let log = log.then(|| {
        let log = reader.ledger.log.key().name();
        format!("the log {log}; what the log signs is believed by its key, which no entry revokes")
    });
    [person, gate, log].into_iter().flatten().collect()
}

/// Records the revocation. From here on nothing that rests on it is promoted.
pub fn revoke(session: &Session<'_>, wish: &Revoke) -> Result<Line, CommandError> {
    record(session, &revocation(&session.reader, wish)?)
}

/// The revocation, for whoever signs it elsewhere.
pub fn revocation(reader: &Reader<'_>, wish: &Revoke) -> Result<Statement, CommandError> {
    let revocation = Revocation {
        heading: reader.heading()?,
        revoked: wish.revoked.clone(),
        from: wish.from,
        reason: wish.reason.clone(),
    };
    Ok(revocation.into_statement())
}

/// Looks, at the gate's session, at every environment that the revocation reaches, and at each in which
/// something must not stay now, whatever it is reached by.
pub fn roll_back_reached(
    gate: &Session<'_>,
    radius: &BlastRadius,
) -> Result<Vec<Look>, CommandError> {
    let gate = &gate.at_present();
    let state = gate.reader.state()?;
    let mut reached: BTreeSet<Name> = radius
        .deployed
        .iter()
        .map(|deployed| deployed.0.clone())
        .collect();
    for environment in state.environments() {
        if may_stand(&gate.reader, &state, environment)?.is_err() {
            reached.insert(environment.clone());
        }
    }
    let looks = reached.into_iter().map(|name| {
        let watched = watch(gate, &name);
        (name, watched)
    });
    Ok(looks.collect())
}
