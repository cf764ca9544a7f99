//! What a policy is asked.

use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::rego::Rego;
use super::signed::KnownPolicy;
use crate::identity::Identities;
use crate::trust::Trust;
use crate::verify::Verified;

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The policy.
    pub policy: &'a KnownPolicy,
    /// Where the artifacts are to be used, if the policy tells places apart.
    pub environment: Option<&'a Name>,
    /// The verified builds of the same artifacts. Every one must keep the rules: a policy that
    /// picked the good ones would say nothing about the others.
    pub builds: &'a [Verified],
    /// Whom to believe about operators.
    pub trust: &'a Trust,
    /// Who is one and the same, as far as whoever asks knows more than the trust root of today says: a log has
    /// all that were in force.
    pub known: Option<&'a Identities>,
    /// Who evaluates the policy's Rego modules.
    pub rego: &'a dyn Rego,
    /// What the verifier's clock shows.
    pub now: Timestamp,
}
