//! The SLSA build levels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a builder vouches for, from nothing at all to isolated, unforgeable builds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct BuildLevel(u8);

/// A number that is no build level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no SLSA build level: 0 to 3 is expected")]
pub struct BuildLevelError(u8);

impl BuildLevel {
    /// Provenance exists: what a key vouches for when nothing else is said about it.
    pub const L1: Self = Self(1);
}

impl TryFrom<u8> for BuildLevel {
    type Error = BuildLevelError;

    fn try_from(number: u8) -> Result<Self, BuildLevelError> {
        (number <= 3)
            .then_some(Self(number))
            .ok_or(BuildLevelError(number))
    }
}

impl From<BuildLevel> for u8 {
    fn from(level: BuildLevel) -> Self {
        level.0
    }
}

impl fmt::Display for BuildLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SLSA_BUILD_LEVEL_{}", self.0)
    }
}
