//! What the runner knows of both runs; a token that matches it is evidence, not a guess.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zwieback_model::variation::factor::Factor;

/// Seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpan {
    /// The first second.
    pub start: i64,
    /// The last second.
    pub end: i64,
}

/// What is known of one run. Everything may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunFacts {
    /// The wall clock as the steps saw it, from the first step's start to the last step's end.
    pub clock: Option<TimeSpan>,
    /// The kernel's clock meanwhile, which stamps created files whatever clock the steps see.
    pub created: Option<TimeSpan>,
    /// The modification time of the staged sources.
    pub source_mtime: Option<i64>,
    /// `SOURCE_DATE_EPOCH`.
    pub source_date_epoch: Option<i64>,
    /// Seconds east of Greenwich.
    pub utc_offset: Option<i64>,
    /// The mask of created files.
    pub umask: Option<u32>,
    /// The lowest and the highest process id handed out.
    pub pids: Option<(u32, u32)>,
    /// Seconds since boot when the first step began and when the last one ended.
    pub uptime: Option<TimeSpan>,
    /// Words of the run by factor and name: `build-path` → `root` → `/build`, `cpu-count` →
    /// `count` → `2`, `user` → `uid` → `1000`. Only names known of both runs are compared.
    pub words: BTreeMap<Factor, BTreeMap<String, String>>,
}

/// What is known of both runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knowledge {
    /// Run A.
    pub a: RunFacts,
    /// Run B.
    pub b: RunFacts,
    /// The programs that the steps started; none, where nobody saw them start.
    pub programs: BTreeSet<String>,
    /// The factors that differed between the runs, where that is known: others are no suspects.
    pub varied: Option<BTreeSet<Factor>>,
}

/// One word of which both runs have their own spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'k> {
    /// The factor it belongs to.
    pub factor: Factor,
    /// Its spelling in run A.
    pub a: &'k str,
    /// Its spelling in run B.
    pub b: &'k str,
}

impl RunFacts {
    /// Adds a word of the run.
    #[must_use]
    pub fn with(mut self, factor: Factor, name: &str, text: &str) -> Self {
        let words = self.words.entry(factor).or_default();
        words.insert(name.to_owned(), text.to_owned());
        self
    }
}

impl Knowledge {
    /// The words that differ between the runs, the longest first so that a path wins over its parent.
    pub fn words(&self) -> Vec<Word<'_>> {
        let mut words: Vec<_> = self
            .a
            .words
            .iter()
            .flat_map(|(factor, names)| names.iter().map(move |(name, a)| (*factor, name, a)))
            .filter_map(|(factor, name, a)| {
                let b = self.b.words.get(&factor)?.get(name)?;
                (a != b && !a.is_empty() && !b.is_empty()).then_some(Word { factor, a, b })
            })
            .collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.a.len().max(word.b.len())));
        words
    }

    /// Whether a factor may be suspected: it is not known to have been equal.
    pub fn may_suspect(&self, factor: Factor) -> bool {
        // Races and entropy differ even where nothing was varied.
        matches!(factor, Factor::Scheduling | Factor::Entropy)
            || self
                .varied
                .as_ref()
                .is_none_or(|varied| varied.contains(&factor))
    }

    /// The suspects among these factors, in the same order.
    pub fn suspects(&self, factors: &[Factor]) -> Vec<Factor> {
        let suspects = factors.iter().copied();
        suspects
            .filter(|factor| self.may_suspect(*factor))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde() {
        for factor in [Factor::CreatedMtime, Factor::BootId, Factor::CpuFeatures] {
            let json = serde_json::to_string(&factor).unwrap();
            assert_eq!(json, format!("\"{}\"", factor.as_str()));
        }
    }

    #[test]
    fn only_words_of_both_runs_count() {
        let knowledge = Knowledge {
            a: RunFacts::default()
                .with(Factor::Home, "home", "/a")
                .with(Factor::Env, "X", "1"),
            b: RunFacts::default().with(Factor::Home, "home", "/b/longer"),
            varied: None,
            ..Knowledge::default()
        };
        assert_eq!(knowledge.words().len(), 1);
    }
}
