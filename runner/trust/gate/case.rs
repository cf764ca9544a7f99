//! A question with the rules that it falls under.

use super::question::Question;
use crate::policy::in_force::PolicyInForce;
use crate::policy::release_policy::Environment;

/// A question with the rules that it falls under.
pub(super) struct Case<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) policy: &'a PolicyInForce,
    pub(super) environment: &'a Environment,
    pub(super) before: Option<&'a Environment>,
}
