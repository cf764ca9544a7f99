//! What a rule sees: the bytes around a place where a text stood that may begin a secret.

use std::ops::Range;

use super::search_budget::SearchBudget;

/// The name of a rule, as it stands in reports and in allow entries.
pub type RuleName = &'static str;

/// How far any rule looks ahead: the private key of RSA with 16384 bits fits.
pub const AHEAD: usize = 16 << 10;
/// How far any rule looks back.
pub const BEHIND: usize = 4 << 10;

/// How far a rule looks to either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as tokens and values go.
    Near,
    /// As far as keys and documents go.
    Far,
}

/// The bytes around a place. What lies beyond them does not matter, so that it does not matter either in
/// which pieces they came.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The bytes, as far as the rule looks to either side.
    pub bytes: &'a [u8],
    /// Where the text begins.
    pub at: usize,
    /// How long the text is.
    pub length: usize,
    /// Whether the file is one of settings, by its name.
    pub is_settings: bool,
    /// What the search may still cost.
    pub budget: &'a SearchBudget,
}

/// A secret in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: RuleName,
    /// Where, in the window.
    pub range: Range<usize>,
    /// Whether it has so much randomness, 128 bits or more, that its digest tells nobody anything.
    pub is_strong: bool,
}

impl Reach {
    /// How far back.
    pub const fn behind(self) -> usize {
        match self {
            // In UTF-16 these are half as many characters.
            Self::Near => 1 << 10,
            Self::Far => BEHIND,
        }
    }

    /// How far ahead.
    pub const fn ahead(self) -> usize {
        match self {
            Self::Near => 2 << 10,
            Self::Far => AHEAD,
        }
    }
}

impl<'a> Window<'a> {
    /// Counts bytes that a rule looks at, before it does.
    pub fn spend(&self, steps: usize) {
        self.budget.spend(steps);
    }

    /// The bytes before the text.
    pub fn before(&self) -> &'a [u8] {
        self.bytes.get(..self.at).unwrap_or_default()
    }

    /// The bytes behind the text.
    pub fn after(&self) -> &'a [u8] {
        self.bytes.get(self.at + self.length..).unwrap_or_default()
    }

    /// Where the text ends.
    pub fn end(&self) -> usize {
        self.at + self.length
    }

    /// The byte before a position is none that tokens and base64 are written with, or the last of an escape
    /// sequence.
    pub fn is_edge_before(&self, at: usize) -> bool {
        let before = self.bytes.get(..at).unwrap_or_default();
        match before {
            [.., b'\\', b'n' | b'r' | b't'] | [] => true,
            [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
            [.., b'/', b'/'] => true,
            [.., last] => !last.is_ascii_alphanumeric() && !matches!(last, b'_' | b'+' | b'/'),
        }
    }

    /// The byte at a position is no letter, digit or underscore.
    pub fn is_edge_after(&self, at: usize) -> bool {
        let next = self.bytes.get(at);
        next.is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_')
    }
}

/// Where a text stands in bytes.
pub fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, text)
}
