//! The history of an environment: generations, of which the last is deployed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zwieback_attest::key_id::KeyId;
use zwieback_attest::trusted_time::stamp::TimeStamp;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use super::behind::Behind;
use crate::statement::rollback::Trigger;

/// What was deployed one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In order. A partial state has not all of them, but always the last.
    generations: Vec<Generation>,
    count: u64,
    behind: Behind,
    /// The last generation of each artifact, as far as those are known.
    last: BTreeMap<Digest, u64>,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u64,
    /// What was deployed.
    pub artifact: Digest,
    /// What it is called.
    pub name: String,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// The entry that says so.
    pub index: u64,
    /// When it was decided.
    pub decided: Timestamp,
    /// How it came about.
    pub origin: Origin,
    /// The gate's key on whose word the artifact was let in; a rollback keeps that of what it returns to.
    pub key: KeyId,
    /// The time stamps over that.
    pub stamps: BTreeSet<TimeStamp>,
}

/// How a generation came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// By a promotion under that policy.
    Promotion {
        /// The policy.
        policy: Digest,
    },
    /// By a rollback.
    Rollback {
        /// The generation it copies.
        to: u64,
        /// The promotion that this one is a copy of, or of a copy of.
        stands: u64,
        /// The gate's key on whose word it was rolled back.
        by: KeyId,
        /// The time stamps over that.
        stamps: BTreeSet<TimeStamp>,
        /// What brought it about.
        trigger: Trigger,
        /// Why.
        reason: String,
    },
}

impl Generation {
    /// Whether something was said before this came to be: recorded before, or made before and kept back.
    pub fn is_after(&self, index: u64, issued: Timestamp) -> bool {
        index < self.index || issued < self.decided
    }

    /// The gate's key on whose word a rollback returned to it.
    pub fn returned_by(&self) -> Option<KeyId> {
        match self.origin {
            Origin::Promotion { .. } => None,
            Origin::Rollback { by, .. } => Some(by),
        }
    }

    /// The promotion that this is, or is a copy of.
    pub fn stands(&self) -> u64 {
        match self.origin {
            Origin::Promotion { .. } => self.number,
            Origin::Rollback { stands, .. } => stands,
        }
    }
}

impl History {
    /// What is deployed.
    pub fn current(&self) -> Option<&Generation> {
        self.generations.last()
    }

    /// All generations, the oldest first.
    pub fn generations(&self) -> &[Generation] {
        &self.generations
    }

    /// The generation of that number.
    pub fn generation(&self, number: u64) -> Option<&Generation> {
        let at = self
            .generations
            .binary_search_by_key(&number, |it| it.number);
        self.generations.get(at.ok()?)
    }

    /// The releases that stand behind each other, the current one last. A rollback ends the turn of the
    /// release that it leaves, and of all that it goes past: only a promotion brings one of those back.
    pub fn line(&self) -> Vec<&Generation> {
        let numbers = self.behind.numbers();
        numbers
            .filter_map(|number| self.generation(number))
            .collect()
    }

    /// Whether a rollback may lead to that generation: what it stands for stands behind the current one, and
    /// is something else.
    pub fn may_return_to(&self, generation: &Generation) -> bool {
        let stands = generation.stands();
        self.current().is_some_and(|current| {
            stands < current.stands()
                && generation.artifact != current.artifact
                && self.behind.contains(stands)
        })
    }

    /// The promotions that stand behind each other.
    pub(super) fn behind(&self) -> &Behind {
        &self.behind
    }

    /// The releases that may take the place of the current one, the newest first: those that stand behind
    /// it, and are not the same.
    pub fn earlier(&self) -> impl Iterator<Item = &Generation> {
        let mut line = self.line();
        let current = line.pop().map(|generation| generation.artifact);
        let earlier = line.into_iter().rev();
        earlier.filter(move |generation| Some(generation.artifact) != current)
    }

    /// The number of the next generation.
    pub fn next(&self) -> u64 {
        self.count + 1
    }

    /// Adds the next generation.
    pub(super) fn push(&mut self, generation: Generation) {
        debug_assert_eq!(generation.number, self.next());
        self.count = generation.number;
        self.behind.put(generation.stands());
        self.last.insert(generation.artifact, generation.number);
        self.generations.push(generation);
    }

    /// The number of the last generation of that artifact, if it was ever here.
    pub fn last_of(&self, artifact: Digest) -> Option<u64> {
        self.last.get(&artifact).copied()
    }

    /// A history of which the last generation is known so far, if there is one.
    pub(super) fn ending(current: Option<Generation>, behind: Behind) -> Self {
        Self {
            count: current.as_ref().map_or(0, |it| it.number),
            behind,
            generations: current.into_iter().collect(),
            last: BTreeMap::new(),
        }
    }

    /// Makes a generation known that has been there.
    pub(super) fn recall(&mut self, generation: Generation) {
        let place = self
            .generations
            .binary_search_by_key(&generation.number, |it| it.number);
        if let Err(place) = place {
            self.generations.insert(place, generation);
        }
    }

    /// Makes it known which generation was the last of an artifact.
    pub(super) fn recall_last(&mut self, artifact: Digest, number: u64) {
        self.last.insert(artifact, number);
    }

    /// The entry by which that artifact was last replaced, if it was, and how.
    pub fn replaced(&self, artifact: Digest) -> Option<&Generation> {
        self.generation(self.last_of(artifact)? + 1)
    }

    /// The rollback that last took that artifact out, if it was not replaced by a promotion.
    pub fn taken_out(&self, artifact: Digest) -> Option<&Generation> {
        let replaced = self.replaced(artifact);
        replaced.filter(|generation| matches!(generation.origin, Origin::Rollback { .. }))
    }

    /// Whether deploying that artifact would put an older release in place of a newer one: it was
    /// replaced by a promotion, or its version is lower. What a rollback took out may come back. A
    /// generation that does not count, such as one by a gate's key that was revoked, stands in nobody's way.
    pub fn is_older(
        &self,
        artifact: Digest,
        version: Option<&str>,
        counts: impl Fn(&Generation) -> bool,
    ) -> bool {
        let replaced = self
            .replaced(artifact)
            .filter(|generation| counts(generation));
        let superseded = replaced
            .is_some_and(|generation| matches!(generation.origin, Origin::Promotion { .. }));
        let current = self
            .current()
            .filter(|generation| generation.artifact != artifact);
        let Some(current) = current.filter(|generation| counts(generation)) else {
            return superseded;
        };
        let lower = match (version, current.version.as_deref()) {
            (Some(new), Some(old)) => compare(new, old).is_lt(),
            // A release without a version cannot show that it is not older.
            (None, Some(_)) => true,
            (_, None) => false,
        };
        superseded || lower
    }
}

/// The order of versions: runs of digits by value, everything else by its bytes; `~` comes first.
pub fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    parts(a).cmp(parts(b))
}

/// A part of a version; the order of the variants is part of the order of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// `1.0~rc1` comes before `1.0`, as Debian has it.
    Before,
    End,
    Text(&'a str),
    /// Digits without leading zeros: more of them is more.
    Number(usize, &'a str),
}

fn parts(mut text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        let Some(first) = text.chars().next() else {
            return (!std::mem::replace(&mut ended, true)).then_some(Part::End);
        };
        if first == '~' {
            text = &text[1..];
            return Some(Part::Before);
        }
        let digits = first.is_ascii_digit();
        let end = text.find(|c: char| c.is_ascii_digit() != digits || c == '~');
        let (part, rest) = text.split_at(end.unwrap_or(text.len()));
        text = rest;
        let number = part.trim_start_matches('0');
        Some(if digits {
            Part::Number(number.len(), number)
        } else {
            Part::Text(part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_order() {
        let ordered = [
            "1.0~rc1", "1.0", "1.0-1", "1.0.1", "1.2", "1.10", "1.10a", "2", "10.0", "010.1",
        ];
        for pair in ordered.windows(2) {
            assert!(compare(pair[0], pair[1]).is_lt(), "{pair:?}");
            assert!(compare(pair[1], pair[0]).is_gt(), "{pair:?}");
        }
        assert!(compare("1.02", "1.2").is_eq());
    }
}
