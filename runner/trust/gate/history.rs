//! Where the artifact has been: environments in their order, and never back in time.

use super::builds::Builds;
use super::case::Case;
use super::decision::{Rule, Waivable};
use crate::reason::{Reason, Why};
use crate::state::environment::Generation;
use crate::statement::rule_name::PREVIOUS_ENVIRONMENT;

/// The rules about what was deployed before.
pub(super) fn rules(case: &Case<'_>, builds: &Builds) -> Vec<Rule> {
    let mut rules = Vec::new();
    rules.extend(previous_environment(case));
    rules.push(order(case, builds));
    rules
}

/// What goes to an environment must be in the one before it.
fn previous_environment(case: &Case<'_>) -> Option<Rule> {
    let (before, question) = (case.before()?, case.question);
    let current = question
        .state
        .history(before)
        .and_then(|history| history.current());
    let there = current.filter(|generation| generation.artifact == question.artifact.sha256);
    // What a key put there that was revoked since was not let in by the gate, as far as anyone knows.
    let word = there.map(|generation| question.state.check_generation(generation));
    let mut saw = current.map_or("nothing".to_owned(), describe);
    let why: Option<Why> = match word {
        Some(Ok(())) => None,
        Some(Err(refusal)) => {
            saw = format!("{saw}, by {}", refusal.saw());
            Some(refusal.reason)
        }
        None => Some(Reason::NotPromotedBefore.into()),
    };
    let asked = format!("this artifact in {before}");
    Some(Rule::new(PREVIOUS_ENVIRONMENT, asked, saw, why).waivable(Waivable::ByOne))
}

fn order(case: &Case<'_>, builds: &Builds) -> Rule {
    let (question, asked) = (case.question, "something newer than what is there");
    let artifact = question.artifact.sha256;
    let history = question.state.history(question.environment);
    let Some(current) = history.and_then(|history| history.current()) else {
        return Rule::new("order", asked, "nothing there", None);
    };
    let counts = |it: &Generation| question.state.check_generation(it).is_ok();
    let version = builds.version.as_deref();
    let older = history.is_some_and(|history| history.is_older(artifact, version, counts));
    let reason = if current.artifact == artifact && counts(current) {
        Some(Reason::AlreadyDeployed.into())
    } else {
        older.then_some(Reason::Downgrade.into())
    };
    let new = version.unwrap_or("no version");
    let saw = format!("{new} after {}", describe(current));
    Rule::new("order", asked, saw, reason)
}

fn describe(generation: &Generation) -> String {
    let version = generation.version.as_deref().unwrap_or("no version");
    let (artifact, number) = (generation.artifact.short(), generation.number);
    format!("{version} ({artifact}, generation {number})")
}
