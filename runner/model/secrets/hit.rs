//! A secret that was found: where and by which rule, and nothing of itself.

use std::fmt;

use super::window::RuleName;
use crate::digest::Digest;

/// A secret in a file. It holds nothing that the secret could be guessed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule.
    pub rule: RuleName,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How many bytes it has there.
    pub length: u64,
    /// Where a person finds it.
    pub place: Place,
    /// The digest of a secret with at least 128 bits of randomness; of others a digest would tell them.
    pub digest: Option<Digest>,
}

/// Where a person finds something in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The line of a text, from 1.
    Line(u64),
    /// The byte of anything else, from 0.
    Byte(u64),
}

impl Hit {
    /// Where it ends, in bytes.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(offset) => write!(f, "byte {offset:#x}"),
        }
    }
}
