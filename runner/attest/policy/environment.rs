//! Rules of an environment on top of the rules for all: they may only tighten.

use std::collections::BTreeSet;

use super::rules::Rules;
use super::sandbox_report::word;

/// A rule by which an environment would allow more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` allows more than it does for all")]
pub struct LooserError {
    /// The rule, as the file names it.
    rule: String,
}

/// The rules that hold in an environment: its own where it has any, else those for all.
pub fn tighten(all: &Rules, own: &Rules) -> Result<Rules, LooserError> {
    let mut rules = Rules {
        level: stricter("level", all.level, own.level, |own, all| own >= all)?,
        builders: stricter("builders", all.builders, own.builders, |own, all| {
            own >= all
        })?,
        profile: stricter("profile", all.profile, own.profile, |own, all| own >= all)?,
        max_age_days: stricter(
            "max-age-days",
            all.max_age_days,
            own.max_age_days,
            |own, all| own <= all,
        )?,
        sources: stricter(
            "sources",
            all.sources.as_ref(),
            own.sources.as_ref(),
            |own, all| own.iter().all(|own| all.iter().any(|all| all.covers(own))),
        )?
        .cloned(),
        toolchains: stricter(
            "toolchains",
            all.toolchains.as_ref(),
            own.toolchains.as_ref(),
            BTreeSet::is_subset,
        )?
        .cloned(),
        allow_secrets: stricter(
            "allow-secrets",
            all.allow_secrets.as_ref(),
            own.allow_secrets.as_ref(),
            BTreeSet::is_subset,
        )?
        .cloned(),
        factors: all.factors.clone(),
        locks: all.locks.clone(),
        rego: all.rego.clone(),
    };
    for (factor, states) in &own.factors {
        let (all, own) = (all.factors.get(factor), Some(states));
        let rule = format!("factors.{factor}");
        if let Some(states) = stricter(&rule, all, own, BTreeSet::is_subset)? {
            rules.factors.insert(*factor, states.clone());
        }
    }
    for (lock, states) in &own.locks {
        let (all, own) = (all.locks.get(lock), Some(states));
        let rule = format!("locks.{}", word(lock));
        if let Some(states) = stricter(&rule, all, own, BTreeSet::is_subset)? {
            rules.locks.insert(*lock, states.clone());
        }
    }
    for (name, module) in &own.rego {
        // Another text under the same name would take the place of the one that holds for all.
        let rule = format!("rego.{name}");
        let (all, own) = (all.rego.get(name), Some(module));
        if let Some(module) = stricter(&rule, all, own, |own, all| own == all)? {
            rules.rego.insert(name.clone(), module.clone());
        }
    }
    Ok(rules)
}

fn stricter<T: Copy>(
    rule: &str,
    all: Option<T>,
    own: Option<T>,
    is_at_least_as_strict: impl Fn(T, T) -> bool,
) -> Result<Option<T>, LooserError> {
    match (all, own) {
        (Some(all), Some(own)) if !is_at_least_as_strict(own, all) => Err(LooserError {
            rule: rule.to_owned(),
        }),
        _ => Ok(own.or(all)),
    }
}
