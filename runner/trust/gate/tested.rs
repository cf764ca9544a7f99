//! Whether the tests have passed, and not failed since.

use super::case::Case;
use super::decision::{Rule, SetAside, Waivable};
use crate::reason::Reason;

/// The rule, where the environment asks for it.
pub(super) fn rule(case: &Case<'_>, set_aside: &mut Vec<SetAside>) -> Option<Rule> {
    let role = case.environment.tests.as_ref()?;
    let question = case.question;
    let tests = question.state.tests(question.artifact.sha256, role);
    let aside = tests.set_aside.into_iter();
    set_aside.extend(aside.map(|(index, why)| SetAside {
        index: Some(index),
        what: "test result".to_owned(),
        why,
    }));
    let saw = match (tests.passed, tests.failed) {
        (Some(_), _) => "passed".to_owned(),
        (None, Some(entry)) => format!("failed, entry {entry}"),
        (None, None) => "no result".to_owned(),
    };
    let why = tests
        .passed
        .is_none()
        .then_some(Reason::TestsMissing.into());
    let asked = format!("passed, by someone of the role {role}");
    Some(Rule::new("tests", asked, saw, why).waivable(Waivable::ByOne))
}
