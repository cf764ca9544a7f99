//! The decision: every rule with what it asked for and what it saw.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use zwieback_model::digest::Digest;
use zwieback_model::enforcement::{Lock, LockState};
use zwieback_model::json::canonical;
use zwieback_model::json::value::Value;
use zwieback_model::manifest::diagnostic::nearest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::{SKEW, Timestamp};
use zwieback_model::variation::factor::Factor;

use super::file::Policy;
use super::input_address;
use super::question::Question;
use super::rego::RegoModule;
use super::rego_input;
use super::reproduction::independent_builders;
use super::rules::{FactorState, Profile, Rules};
use super::sandbox_report::{self, word};
use super::source_pattern::{SourcePattern, is_plain};
use crate::build_type;
use crate::reason::{Reason, Refusal, evidence};
use crate::resource::ResourceDescriptor;
use crate::verify::Verified;

const DAY: i64 = 86_400;
/// A toolchain's tree stands among the inputs under this name and its own.
pub const TOOLCHAIN_PREFIX: &str = "toolchain/";

/// The member of a recipe that holds its entries about secrets.
const ALLOWED: &str = "allow-secret";

/// One rule applied to one build, or to all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The rule, as the file names it.
    pub rule: Cow<'static, str>,
    /// What it asks for: the same of every input and of every build.
    pub asked: Arc<str>,
    /// What it saw.
    pub saw: String,
    /// Why it denies, if it does.
    pub denied: Option<Reason>,
}

/// All that a policy said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    outcomes: Vec<Outcome>,
}

/// Applies a policy. All rules are applied even after one has denied, so that all can be shown.
pub fn decide(question: &Question<'_>) -> Result<Decision, Refusal> {
    Ok(Applicable::of(question)?.apply())
}

/// The rules that apply, for whoever asks about each build by itself, in whatever order, or at once.
pub struct Applicable<'q> {
    question: &'q Question<'q>,
    rules: &'q Rules,
    allowed: Option<Allowed<'q>>,
}

impl<'q> Applicable<'q> {
    /// The rules for the question's place, if the policy is in force.
    pub fn of(question: &'q Question<'q>) -> Result<Self, Refusal> {
        let policy = &question.policy.policy;
        if question.now >= policy.expires() {
            let saw = format!("since {}, it is {}", policy.expires(), question.now);
            return Err(Refusal::new(Reason::PolicyExpired, saw));
        }
        Self::whenever(question)
    }

    /// The same of a policy that may be over, for whoever says that besides.
    pub fn whenever(question: &'q Question<'q>) -> Result<Self, Refusal> {
        let policy = &question.policy.policy;
        let rules = policy
            .rules(question.environment)
            .ok_or_else(|| unknown(policy, question.environment))?;
        if rules.ask_nothing() {
            let saw = asked_elsewhere(policy);
            return Err(Refusal::new(Reason::PolicyAsksNothing, saw));
        }
        Ok(Self {
            question,
            rules,
            allowed: rules.sources.as_ref().map(Allowed::of),
        })
    }

    /// Applies them all.
    pub fn apply(&self) -> Decision {
        let builds = self.question.builds.iter();
        self.conclude(builds.flat_map(|build| self.of_build(build)).collect())
    }

    /// Every rule about one build.
    pub fn of_build(&self, build: &Verified) -> Vec<Outcome> {
        of_build(self.rules, self.allowed.as_ref(), build, self.question.now)
    }

    /// The decision, from the rules about each build, in the order of the builds.
    pub fn conclude(&self, of_builds: Vec<Outcome>) -> Decision {
        let mut outcomes = vec![builders(self.rules.builders, self.question)];
        outcomes.extend(of_builds);
        outcomes.extend(modules(self.rules, self.question));
        Decision { outcomes }
    }
}

impl Decision {
    /// Every rule that was applied.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Whether no rule denied; otherwise the first that did.
    pub fn verdict(&self) -> Result<(), Refusal> {
        let denial = self.outcomes.iter().find_map(|outcome| {
            let Outcome {
                rule,
                asked,
                saw,
                denied,
            } = outcome;
            let saw = format!("`{rule}` asks for {asked}, there is {saw}");
            denied.map(|reason| Refusal::new(reason, saw))
        });
        denial.map_or(Ok(()), Err)
    }
}

fn unknown(policy: &Policy, environment: Option<&Name>) -> Refusal {
    let name = environment.map_or("", Name::as_str);
    let known: Vec<&str> = policy.environments().map(Name::as_str).collect();
    let begins = |it: &&&str| it.starts_with(name) || name.starts_with(**it);
    let close = nearest(name, known.iter().copied());
    let close = close.or(known.iter().find(begins).copied());
    let advice = match (close, known.as_slice()) {
        (Some(close), _) => format!(", did you mean {close:?}?"),
        (None, []) => ", it knows none".to_owned(),
        (None, known) => format!(", it knows {}", known.join(", ")),
    };
    Refusal::new(Reason::EnvironmentUnknown, format!("{name:?}{advice}"))
}

/// Which environments it has rules for, where nobody named one.
fn asked_elsewhere(policy: &Policy) -> String {
    let known: Vec<&str> = policy.environments().map(Name::as_str).collect();
    match known.as_slice() {
        [] => "it has no rule: `[require]` is the place for one".to_owned(),
        known => {
            let known = known.join(", ");
            format!("it has rules for {known} alone, and none of them was named")
        }
    }
}

/// Without a rule at least one is needed: no builds at all would keep every other rule.
fn builders(asked: Option<usize>, question: &Question<'_>) -> Outcome {
    let asked = asked.unwrap_or(1).max(1);
    let count = independent_builders(question.builds, question.known);
    outcome(
        "builders",
        &asked,
        &count,
        count >= asked,
        Reason::BuildersTooFew,
    )
}

fn of_build(
    rules: &Rules,
    allowed: Option<&Allowed<'_>>,
    build: &Verified,
    now: Timestamp,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    if let Some(asked) = rules.level {
        let level = build.level();
        outcomes.push(outcome(
            "level",
            &asked,
            &level,
            level >= asked,
            Reason::LevelTooLow,
        ));
    }
    outcomes.extend(rules.profile.map(|asked| profile(asked, build)));
    outcomes.extend(factors(rules, build));
    outcomes.extend(locks(rules, build));
    outcomes.extend(rules.max_age_days.map(|days| age(days, build, now)));
    let inputs = build.provenance().resolved_dependencies.iter();
    let sources = inputs.clone();
    outcomes.extend(sources.filter_map(|input| Some(source(allowed?, input))));
    let toolchains: Vec<_> = inputs
        .filter(|input| input.is_called(&[TOOLCHAIN_PREFIX]))
        .collect();
    outcomes.extend(toolchain(rules, &toolchains));
    outcomes.extend(secrets(rules, build));
    outcomes
}

fn profile(asked: Profile, build: &Verified) -> Outcome {
    let name = build.provenance().internal_parameters.get("profile");
    let name = name.and_then(Value::as_str).unwrap_or("none");
    let enough = Profile::named(name).is_some_and(|profile| profile >= asked);
    outcome(
        "profile",
        &asked.as_str(),
        &format!("{name:?}"),
        enough,
        Reason::ProfileTooWeak,
    )
}

fn factors(rules: &Rules, build: &Verified) -> Vec<Outcome> {
    let apply = |(factor, asked): (&Factor, &BTreeSet<FactorState>)| {
        let names: Vec<&str> = asked.iter().copied().map(FactorState::as_str).collect();
        let saw = sandbox_report::factor(build.provenance(), *factor).unwrap_or("none");
        let enough = names.contains(&saw);
        outcome(
            format!("factors.{factor}"),
            &names.join(" or "),
            &format!("{saw:?}"),
            enough,
            Reason::FactorState,
        )
    };
    rules.factors.iter().map(apply).collect()
}

fn locks(rules: &Rules, build: &Verified) -> Vec<Outcome> {
    let apply = |(lock, asked): (&Lock, &BTreeSet<LockState>)| {
        let names: Vec<String> = asked.iter().map(word).collect();
        let state = sandbox_report::lock(build.provenance(), *lock);
        let saw = state.as_ref().map_or_else(|| "none".to_owned(), word);
        outcome(
            format!("locks.{}", word(lock)),
            &names.join(" or "),
            &format!("{saw:?}"),
            state.is_some_and(|state| asked.contains(&state)),
            Reason::LockState,
        )
    };
    rules.locks.iter().map(apply).collect()
}

/// From when on a build is older than so many days.
pub(super) fn too_old_from(build: &Verified, days: u32) -> Option<Timestamp> {
    let at = time_of(build)?.as_unix() + i64::from(days) * DAY + 1;
    Timestamp::from_unix(at).ok()
}

/// Trusted time counts if there is any, else what the builder claims, whose key is trusted anyway.
fn time_of(build: &Verified) -> Option<Timestamp> {
    let claimed = build.provenance().metadata.finished_on;
    build.time().stamped.or(claimed)
}

fn age(days: u32, build: &Verified, now: Timestamp) -> Outcome {
    let asked = format!("at most {days} days");
    let Some(time) = time_of(build) else {
        return outcome("max-age-days", &asked, &"no time", false, Reason::TooOld);
    };
    let age = now.seconds_since(time);
    let fits = (-SKEW..=i64::from(days) * DAY).contains(&age);
    outcome(
        "max-age-days",
        &asked,
        &format!("{time}, now {now}"),
        fits,
        Reason::TooOld,
    )
}

/// Where inputs may come from, and the sentence about it, which every input's outcome shares.
struct Allowed<'r> {
    patterns: &'r BTreeSet<SourcePattern>,
    asked: Arc<str>,
}

impl<'r> Allowed<'r> {
    fn of(patterns: &'r BTreeSet<SourcePattern>) -> Self {
        let texts: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let asked = texts.join(" or ").into();
        Self { patterns, asked }
    }
}

fn source(allowed: &Allowed<'_>, input: &ResourceDescriptor) -> Outcome {
    let address = &*input_address::of(input);
    // An address that somebody wrote may not look like one that is given here.
    let is_claimed = input.uri.is_some() && input_address::is_given(address);
    let denied = if is_claimed || !is_plain(address) {
        Some(Reason::SourceLookAlike)
    } else if allowed
        .patterns
        .iter()
        .any(|pattern| pattern.matches(address))
    {
        None
    } else {
        Some(Reason::SourceNotAllowed)
    };
    Outcome {
        rule: "sources".into(),
        asked: Arc::clone(&allowed.asked),
        saw: format!("{address:?}"),
        denied,
    }
}

fn toolchain(rules: &Rules, used: &[&ResourceDescriptor]) -> Vec<Outcome> {
    let Some(known) = &rules.toolchains else {
        return Vec::new();
    };
    let denied = Reason::ToolchainNotAllowed;
    let asked = format!("one of {} digests", known.len());
    if used.is_empty() {
        return vec![outcome(
            "toolchains",
            &asked,
            &"no toolchain",
            false,
            denied,
        )];
    }
    let apply = |input: &&ResourceDescriptor| {
        let digest = input.digest.get_sha256();
        let saw = digest.map_or("no sha256".to_owned(), Digest::to_hex);
        let fits = digest.is_some_and(|digest| known.contains(&digest));
        outcome("toolchains", &asked, &saw, fits, denied)
    };
    used.iter().map(apply).collect()
}

/// What a recipe allows to be signed though it looks like a secret: every entry has to be known by its digest.
fn secrets(rules: &Rules, build: &Verified) -> Vec<Outcome> {
    let Some(known) = &rules.allow_secrets else {
        return Vec::new();
    };
    let asked = match known.len() {
        0 => "no allowed secret".to_owned(),
        count => format!("one of {count} digests"),
    };
    let apply = |saw: &str, kept| {
        outcome(
            "allow-secrets",
            &asked,
            &saw,
            kept,
            Reason::SecretNotAllowed,
        )
    };
    let Some(recipe) = build_type::recipe(build.provenance()) else {
        return vec![apply("no recipe, which would say it", false)];
    };
    let one = |entry: &Value| {
        let member = |name| entry.get(name).and_then(Value::as_str).unwrap_or("nothing");
        let digest = member("sha256").parse().ok();
        let saw = format!(
            "{:?} in {:?}, {:?}",
            member("rule"),
            member("path"),
            member("sha256")
        );
        apply(
            &saw,
            digest.is_some_and(|digest: Digest| known.contains(&digest)),
        )
    };
    match recipe.get(ALLOWED).and_then(Value::as_array) {
        None | Some([]) => vec![apply("none", true)],
        Some(entries) => entries.iter().map(one).collect(),
    }
}

/// A module that fails denies: what it would have said is not known.
fn modules(rules: &Rules, question: &Question<'_>) -> Vec<Outcome> {
    if rules.rego.is_empty() {
        return Vec::new();
    }
    let input = canonical::to_string(&rego_input::input(question));
    let apply = |(name, module): (&Name, &RegoModule)| {
        let (saw, denied) = match question.rego.denials(module, Some(&input)) {
            Ok(messages) if messages.is_empty() => ("no denial".to_owned(), None),
            Ok(messages) => (messages.join("; "), Some(Reason::RegoDenied)),
            Err(error) => (error.to_string(), Some(Reason::RegoFailed)),
        };
        Outcome {
            rule: format!("rego.{name}").into(),
            asked: "no denial".into(),
            saw: evidence(&saw),
            denied,
        }
    };
    rules.rego.iter().map(apply).collect()
}

fn outcome(
    rule: impl Into<Cow<'static, str>>,
    asked: &dyn fmt::Display,
    saw: &dyn fmt::Display,
    kept: bool,
    reason: Reason,
) -> Outcome {
    Outcome {
        rule: rule.into(),
        asked: asked.to_string().into(),
        saw: saw.to_string(),
        denied: (!kept).then_some(reason),
    }
}

#[cfg(test)]
#[path = "decide_secrets_tests.rs"]
mod secrets_tests;
#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
