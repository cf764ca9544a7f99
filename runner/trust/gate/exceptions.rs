//! Break-glass at work: what it covers passes, visibly; what it does not, does not.

use std::collections::BTreeSet;

use super::case::Case;
use super::decision::{Decision, SetAside, Verdict};
use crate::reason::{Reason, Refusal};
use crate::state::folded::State;
use crate::state::record::Entered;
use crate::statement::break_glass::{BreakGlass, Waivable};
use zwieback_core::timestamp::Timestamp;

/// Lets denied rules pass where an exception covers them.
pub(super) fn apply(case: &Case<'_>, decision: &mut Decision) {
    let question = case.question;
    let record = question.state.artifact(question.artifact.sha256);
    for exception in record.map_or(&[][..], |it| &it.exceptions) {
        let fit = check(question.state, exception, question.now).and_then(|()| {
            if exception.what.environment == *question.environment {
                cover(exception, decision)
            } else {
                Err(scope(&exception.what.environment))
            }
        });
        if let Err(why) = fit {
            decision.set_aside.push(SetAside {
                index: Some(exception.index),
                what: "exception".to_owned(),
                why,
            });
        }
    }
}

/// Whether an exception counts at that time.
pub fn check(
    state: &State,
    exception: &Entered<BreakGlass>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let policy = &state.policy()?.release;
    let what = &exception.what;
    let refuse = |reason, saw: String| Err(Refusal::new(reason, saw));
    if state
        .key_revoked(exception.key, exception.stamped)
        .is_some()
    {
        return refuse(Reason::SignerRevoked, exception.key.short());
    }
    let Some(person) = policy.people.person(exception.key) else {
        return refuse(Reason::SignerUnknown, exception.key.short());
    };
    let rule = policy.break_glass.as_ref();
    let Some(rule) = rule.filter(|rule| policy.people.has_role(person, &rule.role)) else {
        return refuse(Reason::SignerRole, format!("{person} may not break glass"));
    };
    let lasts = what.expires.seconds_since(what.heading.issued);
    if lasts > i64::from(rule.max_hours) * 3600 {
        let saw = format!("{} hours, {} are allowed", lasts / 3600, rule.max_hours);
        return refuse(Reason::ExceptionTooLong, saw);
    }
    if now < what.expires {
        Ok(())
    } else {
        refuse(Reason::ExceptionExpired, format!("since {}", what.expires))
    }
}

fn cover(exception: &Entered<BreakGlass>, decision: &mut Decision) -> Result<(), Refusal> {
    let mut outside: BTreeSet<Waivable> = BTreeSet::new();
    let mut covered = false;
    for rule in &mut decision.rules {
        let (Verdict::Denied(_), Some(kind)) = (rule.verdict, rule.waivable()) else {
            continue;
        };
        if exception.what.scope.contains(&kind) {
            rule.verdict = Verdict::Waived {
                by: exception.index,
            };
            covered = true;
        } else {
            outside.insert(kind);
        }
    }
    match outside.first() {
        Some(kind) if !covered => Err(scope(&kind.as_str())),
        _ => Ok(()),
    }
}

fn scope(saw: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Reason::ExceptionScope, saw)
}
