//! What the gate is asked.

use std::collections::BTreeMap;

use zwieback_attest::policy::rego::Rego;
use zwieback_attest::verified::Artifact;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use crate::state::folded::State;

/// Bundles of provenance, by the tree of outputs that each says to have made.
pub type Needed = BTreeMap<Digest, Vec<Vec<u8>>>;

/// May this artifact be used there, now?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The state of the log.
    pub state: &'a State,
    /// The artifact, by the digests of its very bytes.
    pub artifact: &'a Artifact,
    /// Where it is to be used.
    pub environment: &'a Name,
    /// The bundles of its provenance, as the log has them.
    pub provenance: &'a [Vec<u8>],
    /// The bundles behind what the artifact was built from, at any depth, as the log has them.
    pub needed: &'a Needed,
    /// Who evaluates Rego modules.
    pub rego: &'a dyn Rego,
    /// What it is asked for.
    pub intent: Intent,
    /// What the clock shows.
    pub now: Timestamp,
}

/// What a decision is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To deploy something new: every rule holds.
    Promote,
    /// To keep what is deployed, or to go back to what was: it must be what its builders say, of
    /// builders who are still trusted, and not revoked. Approvals had their say, and age is no fault.
    Keep,
}
