//! Revocation: see the blast radius first, then say it, then roll back what policy says.

use zwieback_core::attest::statement::Statement;
use zwieback_core::name::Name;
use zwieback_core::timestamp::Timestamp;

use super::desk::{Desk, Reader};
use super::error::StoryError;
use super::say::say;
use super::watch::{Watched, watch};
use crate::state::blast::BlastRadius;
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

/// What a revocation would reach: shown before anything is signed.
pub fn blast_radius(reader: &Reader<'_>, revoked: &Revoked) -> Result<BlastRadius, StoryError> {
    Ok(reader.state()?.blast_radius(revoked))
}

/// Records the revocation. From here on nothing that rests on it is promoted.
pub fn revoke(desk: &Desk<'_>, wish: &Revoke) -> Result<Line, StoryError> {
    say(desk, &revocation(&desk.reader, wish))
}

/// The revocation, for whoever signs it elsewhere.
pub fn revocation(reader: &Reader<'_>, wish: &Revoke) -> Statement {
    let revocation = Revocation {
        heading: reader.heading(),
        revoked: wish.revoked.clone(),
        from: wish.from,
        reason: wish.reason.clone(),
    };
    revocation.into_statement()
}

/// Rolls back, at the gate's desk, every environment in which what is deployed was revoked.
pub fn roll_back_reached(
    gate: &Desk<'_>,
    radius: &BlastRadius,
) -> Vec<(Name, Result<Watched, StoryError>)> {
    let reached = radius.deployed.iter();
    reached
        .map(|(name, _, _)| (name.clone(), watch(gate, name)))
        .collect()
}
