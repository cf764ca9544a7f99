//! Whom to believe: one key, or the keys of a trust root.

use super::key_id::KeyId;
use super::level::BuildLevel;
use super::public_key::PublicKey;
use super::reason::Refusal;
use crate::timestamp::Timestamp;

/// Whose signatures count, and for what.
#[derive(Clone, Debug)]
pub enum Trust {
    /// One key, for whatever builder it names. That is provenance, and no more: level 1.
    Key(Box<PublicKey>),
}

/// When something was signed, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningTime {
    /// What the verifier's clock shows.
    pub now: Timestamp,
    /// What a trusted time stamp says; what a builder claims is no proof.
    pub stamped: Option<Timestamp>,
}

impl Trust {
    /// The keys whose signatures may count.
    pub fn keys(&self) -> Vec<&PublicKey> {
        match self {
            Self::Key(key) => vec![key],
        }
    }

    /// What that key may vouch for, speaking for that builder at that time.
    pub fn level(
        &self,
        _key: KeyId,
        _builder: &str,
        _time: SigningTime,
    ) -> Result<BuildLevel, Refusal> {
        match self {
            Self::Key(_) => Ok(BuildLevel::L1),
        }
    }
}
