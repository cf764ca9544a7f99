//! What one search may cost, all of its files, logs and texts together.
//!
//! A text can be made so that rules look at it again and again and find nothing. What they look at is counted, and
//! a search whose budget is used up ends: it then says nothing about what it has not looked at, and nothing of
//! that may be signed.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Steps for each byte that is searched. Ordinary files take less than one.
pub const STEPS_OF_A_BYTE: u64 = 64;
/// Steps for a search of whatever size: small files may be as dense as they like.
pub const STEPS_AT_LEAST: u64 = 256 << 20;
/// Steps for a search of any size: half a minute, or that.
pub const STEPS_AT_MOST: u64 = 32 << 30;
/// Hits that are kept: who has more knows enough.
pub const MOST_HITS: u64 = 10_000;
/// Steps that it takes to see that a rule's text stands somewhere, and to ask the rule.
pub const STEPS_OF_A_SIGHTING: usize = 64;

/// What may still be spent. Threads that search together share it.
#[derive(Debug)]
pub struct SearchBudget {
    searched: AtomicU64,
    /// Bytes that rules have looked at.
    steps: AtomicU64,
    hits: AtomicU64,
    /// Steps for a search of whatever size.
    at_least: u64,
    /// Bytes that may still be decompressed.
    unpackable: AtomicU64,
    is_out_of_steps: AtomicBool,
    is_out_of_hits: AtomicBool,
}

/// Why a search ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchEnd {
    /// Its rules looked at too many bytes.
    Steps,
    /// There are more hits than are kept.
    Hits,
}

impl SearchBudget {
    /// The budget of one search, which may decompress so many bytes.
    pub fn new(unpackable: u64) -> Self {
        Self {
            searched: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            at_least: STEPS_AT_LEAST,
            unpackable: AtomicU64::new(unpackable),
            is_out_of_steps: AtomicBool::new(false),
            is_out_of_hits: AtomicBool::new(false),
        }
    }

    /// The same with other steps for a search of whatever size.
    #[must_use]
    pub fn at_least(self, steps: u64) -> Self {
        Self {
            at_least: steps,
            ..self
        }
    }

    /// Why the search ended too early, if it did: what was not found then may be there all the same.
    pub fn end(&self) -> Option<SearchEnd> {
        if self.is_out_of_hits.load(Ordering::Relaxed) {
            Some(SearchEnd::Hits)
        } else {
            let is_out = self.is_out_of_steps.load(Ordering::Relaxed);
            is_out.then_some(SearchEnd::Steps)
        }
    }

    /// Counts bytes that are searched.
    pub fn search(&self, bytes: usize) {
        self.searched.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes that a rule looks at.
    pub fn spend(&self, steps: usize) {
        let steps = steps as u64;
        let spent = self.steps.fetch_add(steps, Ordering::Relaxed) + steps;
        let searched = self.searched.load(Ordering::Relaxed);
        let most = searched.saturating_mul(STEPS_OF_A_BYTE);
        if spent > STEPS_AT_MOST.min(most.saturating_add(self.at_least)) {
            self.is_out_of_steps.store(true, Ordering::Relaxed);
        }
    }

    /// Counts hits that are to be kept, and whether they may be.
    pub fn keep(&self, hits: usize) -> bool {
        let hits = hits as u64;
        let may = self.hits.fetch_add(hits, Ordering::Relaxed) + hits <= MOST_HITS;
        if !may {
            self.refuse_hits();
        }
        may
    }

    /// There are more hits than are kept.
    pub fn refuse_hits(&self) {
        self.is_out_of_hits.store(true, Ordering::Relaxed);
    }

    /// Bytes that may still be decompressed.
    pub fn unpackable(&self) -> u64 {
        self.unpackable.load(Ordering::Relaxed)
    }

    /// Counts bytes that were decompressed.
    pub fn unpack(&self, bytes: u64) {
        let less = |left: u64| Some(left.saturating_sub(bytes));
        let _always = self
            .unpackable
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Bytes that rules have looked at.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }
}

impl Default for SearchBudget {
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Display for SearchEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => f.write_str("its texts take far more work than any ordinary ones"),
            Self::Hits => write!(f, "more than {MOST_HITS} places look like secrets"),
        }
    }
}
