//! A question with the rules that it falls under, and the rule that several of them apply.

use super::decision::Rule;
use super::in_force::PolicyInForce;
use super::question::Question;
use super::release_policy::Environment;
use crate::reason::{Reason, Why};
use crate::state::record::RevocationRecord;

/// A question with the rules that it falls under.
pub(super) struct Case<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) policy: &'a PolicyInForce,
    pub(super) environment: &'a Environment,
    pub(super) before: Option<&'a Environment>,
}

/// The rule that something has not been revoked.
pub(super) fn revocation_rule(
    what: &str,
    found: Option<&RevocationRecord>,
    reason: Reason,
) -> Rule {
    let saw = found.map_or("none".to_owned(), |it| {
        format!("entry {}, {:?}", it.index, it.revocation.reason)
    });
    let why: Option<Why> = found.map(|_| reason.into());
    Rule::new(format!("revoked.{what}"), "no revocation", saw, why)
}
