//! Break-glass at work: what it names passes, visibly; what it does not, does not.
//!
//! Whether a rule may be waived, and by whom, is a field of the rule. An exception names each rule by its
//! whole name: what is added to a policy later is not covered by an exception from before.

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::case::Case;
use super::decision::{Decision, Rule, SetAside, Verdict, Waivable};
use super::question::Question;
use crate::policy::known_people::KnownPeople;
use crate::reason::{Reason, Refusal};
use crate::state::folded::State;
use crate::state::record::Entered;
use crate::statement::break_glass::BreakGlass;
use crate::statement::heading::OutOfSpan;

/// An exception that holds, and what its signer may waive.
struct Held<'a> {
    entered: &'a Entered<BreakGlass>,
    person: &'a Name,
    alone: bool,
    keeper: bool,
}

/// Lets denied rules pass where exceptions name them.
pub(super) fn apply(case: &Case<'_>, decision: &mut Decision) {
    let question = case.question;
    let record = question.state.artifact(question.artifact.sha256);
    let mut held = Vec::new();
    for exception in record.map_or(&[][..], |it| &it.exceptions) {
        let artifact = question.artifact.sha256;
        let fit = hold(question.state, artifact, exception, question.now).and_then(|fit| {
            let place = &exception.what.environment;
            let here = *place == *question.environment;
            here.then_some(fit).ok_or_else(|| scope(place))
        });
        match fit {
            Ok(fit) => held.push(fit),
            Err(why) => decision.set_aside.push(aside(exception, why)),
        }
    }
    let quorum = case.policy.release.change.count;
    let denied = |rule: &&mut Rule| matches!(rule.verdict, Verdict::Denied(_));
    for rule in decision.rules.iter_mut().filter(denied) {
        if let Some(by) = waives(rule, &held, quorum, question.state.people()) {
            rule.verdict = Verdict::Waived { by };
        }
    }
    let unused = held.iter();
    let unused = unused.filter_map(|it| Some(aside(it.entered, useless(it, decision, quorum)?)));
    let unused: Vec<SetAside> = unused.collect();
    decision.set_aside.extend(unused);
}

/// Whether an exception counts at that time, for whatever its signer may waive.
pub fn check(
    state: &State,
    artifact: Digest,
    exception: &Entered<BreakGlass>,
    now: Timestamp,
) -> Result<(), Refusal> {
    hold(state, artifact, exception, now).map(drop)
}

/// Whether an exception holds that lets that rule of one person's pass, for this artifact and place.
pub(super) fn lets_pass(question: &Question<'_>, rule: &str) -> bool {
    let artifact = question.artifact.sha256;
    let record = question.state.artifact(artifact);
    let exceptions = record.map_or(&[][..], |record| &record.exceptions);
    exceptions.iter().any(|exception| {
        let named = exception.what.environment == *question.environment
            && exception.what.scope.contains(rule);
        named
            && hold(question.state, artifact, exception, question.now).is_ok_and(|held| held.alone)
    })
}

/// A name that an exception gives in vain: of no rule that this decision knows, or of one that nobody
/// may waive.
pub fn misnamed(exception: &BreakGlass, decision: &Decision) -> Option<Refusal> {
    let never = |rule: &&Rule| {
        let denied = matches!(rule.verdict, Verdict::Denied(_));
        denied && rule.waivable == Waivable::Never
    };
    exception.scope.iter().find_map(|name| {
        let mut rules = decision.rules.iter().filter(|rule| rule.name == *name);
        let Some(first) = rules.next() else {
            return Some(scope(&format!("no rule is called `{name}` here")));
        };
        let never = std::iter::once(first).chain(rules).find(never);
        never.map(|rule| scope(&format!("`{}` holds without exception", rule.name)))
    })
}

fn hold<'a>(
    state: &'a State,
    artifact: Digest,
    exception: &'a Entered<BreakGlass>,
    now: Timestamp,
) -> Result<Held<'a>, Refusal> {
    let policy = &state.policy()?.release;
    let what = &exception.what;
    let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
    let person = state.speaker(exception)?;
    // What was let pass before the artifact was taken out does not bring it back.
    let out = state.history(&what.environment);
    let out = out.and_then(|history| history.taken_out(artifact));
    if let Some(out) = out.filter(|taken| taken.is_after(exception.index, what.heading.issued)) {
        let saw = format!("before entry {}", out.index);
        return refuse(Reason::ExceptionUsed, saw);
    }
    let has_role = |role| policy.people.has_role(person, role);
    let may = policy.break_glass.as_ref().map(|rule| {
        let (alone, keeper) = (has_role(&rule.role), has_role(&policy.change.role));
        (rule, alone, keeper)
    });
    let Some((rule, alone, keeper)) = may.filter(|(_, alone, keeper)| *alone || *keeper) else {
        return refuse(Reason::SignerRole, format!("{person} may not break glass"));
    };
    let longest = i64::from(rule.max_hours) * 3600;
    match what.heading.check_span(what.expires, longest, now) {
        Ok(()) => Ok(Held {
            entered: exception,
            person,
            alone,
            keeper,
        }),
        Err(OutOfSpan::Over) => refuse(Reason::ExceptionExpired, format!("since {}", what.expires)),
        Err(OutOfSpan::TooLong(lasts)) => {
            let saw = format!("{} hours, {} are allowed", lasts / 3600, rule.max_hours);
            refuse(Reason::ExceptionTooLong, saw)
        }
    }
}

/// The newest of the exceptions that let a rule pass, if they do.
fn waives(rule: &Rule, held: &[Held<'_>], quorum: usize, people: &KnownPeople) -> Option<u64> {
    let naming = || {
        held.iter()
            .filter(|it| it.entered.what.scope.contains(&rule.name))
    };
    let newest = |of: &dyn Fn(&Held<'_>) -> bool| {
        let those = naming().filter(|record| of(record));
        those.map(|record| record.entered.index).max()
    };
    match rule.waivable {
        Waivable::Never => None,
        Waivable::ByOne => newest(&|it| it.alone),
        Waivable::ByQuorum => {
            let keepers = naming().filter(|record| record.keeper);
            let keepers = people.count(keepers.map(|keeper| keeper.person));
            newest(&|it| it.keeper).filter(|_| keepers >= quorum)
        }
    }
}

/// Why an exception changes nothing, where something is denied that one could let pass.
fn useless(held: &Held<'_>, decision: &Decision, quorum: usize) -> Option<Refusal> {
    let named = |rule: &&Rule| held.entered.what.scope.contains(&rule.name);
    let waived = |rule: &Rule| matches!(rule.verdict, Verdict::Waived { .. });
    if decision.rules.iter().filter(named).any(waived) {
        return None;
    }
    let denied = decision.rules.iter();
    let mut denied = denied.filter(|rule| matches!(rule.verdict, Verdict::Denied(_)));
    if let Some(rule) = denied.clone().find(named) {
        let saw = match rule.waivable {
            Waivable::Never => {
                return Some(scope(&format!("`{}` holds without exception", rule.name)));
            }
            Waivable::ByOne => format!("`{}` takes someone who may break glass", rule.name),
            Waivable::ByQuorum => format!("`{}` takes {quorum} keepers", rule.name),
        };
        return Some(Refusal::new(Reason::ExceptionQuorum, saw));
    }
    let other = denied.find(|rule| rule.waivable != Waivable::Never);
    other.map(|rule| scope(&rule.name))
}

fn aside(exception: &Entered<BreakGlass>, why: Refusal) -> SetAside {
    SetAside {
        index: Some(exception.index),
        what: "exception".to_owned(),
        why,
    }
}

fn scope(saw: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Reason::ExceptionScope, saw)
}
