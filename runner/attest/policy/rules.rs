//! The rules a policy can set. One that is not set asks for nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use zwieback_model::digest::Digest;
use zwieback_model::enforcement::{Lock, LockState};
use zwieback_model::name::Name;
use zwieback_model::variation::factor::Factor;

use super::rego::RegoModule;
use super::sandbox_report::word;
use super::source_pattern::SourcePattern;
use crate::level::BuildLevel;

/// What is asked of every provenance, and of all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// At least this SLSA build level.
    pub level: Option<BuildLevel>,
    /// At least so many builders of different operators that agree.
    pub builders: Option<usize>,
    /// At least this profile.
    pub profile: Option<Profile>,
    /// For each factor, the states that are enough.
    #[serde(default)]
    pub factors: BTreeMap<Factor, BTreeSet<FactorState>>,
    /// For each lock of the sandbox, the states that are enough, in both runs.
    #[serde(default)]
    pub locks: BTreeMap<Lock, BTreeSet<LockState>>,
    /// At most so many days since the build ended.
    pub max_age_days: Option<u32>,
    /// Where inputs may come from.
    pub sources: Option<BTreeSet<SourcePattern>>,
    /// The digests of the toolchains that may be used.
    pub toolchains: Option<BTreeSet<Digest>>,
    /// The digests in those entries of a recipe that may allow secrets; an empty list allows no entry.
    pub allow_secrets: Option<BTreeSet<Digest>>,
    /// Rego modules by name, none of which may deny.
    #[serde(default)]
    pub rego: BTreeMap<Name, RegoModule>,
}

/// A rule that nothing can break, or that nothing can keep: it was not meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` {problem}")]
pub struct PointlessRuleError {
    /// The rule, as the file names it.
    rule: String,
    problem: &'static str,
}

/// How much the two runs of a build differed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The sandbox fixed what it could.
    Hermetic,
    /// Everything was varied.
    Strict,
}

/// What became of a factor in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorState {
    /// The same in both runs, on every machine.
    Fixed,
    /// Different between the runs, as was proved by a probe.
    Varied,
    /// Meant to be different, but was not.
    Ineffective,
    /// Held still at its builder's wish, for a reason that is told.
    Dropped,
    /// Left to the machine.
    Uncontrolled,
}

impl Rules {
    /// Whether no rule is set.
    pub fn ask_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Makes sure that every rule that is set asks for something, and for nothing impossible.
    pub fn check(&self) -> Result<(), PointlessRuleError> {
        const NOTHING: &str = "asks for nothing: leave it out, or ask for at least 1";
        const EMPTY: &str = "is empty, so that no build could keep it";
        let is_zero = self.level.is_some_and(|level| u8::from(level) == 0);
        let mut rules = vec![
            ("level".to_owned(), is_zero, NOTHING),
            ("builders".to_owned(), self.builders == Some(0), NOTHING),
            (
                "max-age-days".to_owned(),
                self.max_age_days == Some(0),
                "allows no age at all: ask for at least 1",
            ),
            ("sources".to_owned(), is_empty(self.sources.as_ref()), EMPTY),
            (
                "toolchains".to_owned(),
                is_empty(self.toolchains.as_ref()),
                EMPTY,
            ),
        ];
        let factors = self.factors.iter();
        rules.extend(factors.map(|(it, states)| {
            let rule = format!("factors.{it}");
            (rule, states.is_empty(), EMPTY)
        }));
        let locks = self.locks.iter();
        rules.extend(locks.map(|(it, states)| {
            let rule = format!("locks.{}", word(it));
            (rule, states.is_empty(), EMPTY)
        }));
        match rules.into_iter().find(|(_, is_pointless, _)| *is_pointless) {
            Some((rule, _, problem)) => Err(PointlessRuleError { rule, problem }),
            None => Ok(()),
        }
    }
}

fn is_empty<T>(list: Option<&BTreeSet<T>>) -> bool {
    list.is_some_and(BTreeSet::is_empty)
}

impl Profile {
    /// The profile of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Hermetic, Self::Strict]
            .into_iter()
            .find(|it| it.as_str() == name)
    }

    /// The name of the profile.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hermetic => "hermetic",
            Self::Strict => "strict",
        }
    }
}

impl FactorState {
    /// The name of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Varied => "varied",
            Self::Ineffective => "ineffective",
            Self::Dropped => "dropped",
            Self::Uncontrolled => "uncontrolled",
        }
    }
}
