//! A question with the rules that it falls under.

use super::in_force::PolicyInForce;
use super::question::Question;
use super::release_policy::Environment;

/// A question with the rules that it falls under.
pub(super) struct Case<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) policy: &'a PolicyInForce,
    pub(super) environment: &'a Environment,
    pub(super) before: Option<&'a Environment>,
}
