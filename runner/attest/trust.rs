//! Whom to believe: one key, or the keys of a trust root.

use zwieback_model::timestamp::Timestamp;

use super::bundle::Bundle;
use super::key_id::KeyId;
use super::level::BuildLevel;
use super::public_key::PublicKey;
use super::reason::Refusal;
use super::signing_time::SigningTime;
use super::trust_root::TrustRoot;
use super::trusted_time::token;

/// Whose signatures count, and for what.
#[derive(Clone, Debug)]
pub enum Trust {
    /// One key, for whatever builder it names. That is provenance, and no more: level 1.
    Key(Box<PublicKey>),
    /// A trust root.
    Root(Box<TrustRoot>),
}

impl Trust {
    /// The keys whose signatures may count.
    pub fn keys(&self) -> Vec<&PublicKey> {
        match self {
            Self::Key(key) => vec![key],
            Self::Root(root) => root.keys(),
        }
    }

    /// What that key may vouch for, speaking for that builder at that time, and who runs the builder, where
    /// the trust root says so.
    pub fn level(
        &self,
        key: KeyId,
        builder: &str,
        time: SigningTime,
    ) -> Result<(BuildLevel, Option<&str>), Refusal> {
        let Self::Root(root) = self else {
            return Ok((BuildLevel::L1, None));
        };
        let entry = root.entry(key, builder, time)?;
        Ok((entry.level, entry.named_operator()))
    }

    /// Whether a builder's name means anything: a key alone signs whatever name is in its statement.
    pub fn vouches_for_builders(&self) -> bool {
        matches!(self, Self::Root(_))
    }

    /// Who signed, as far as it is known. A builder's name is a claim unless a root says whose key it is.
    pub fn attribution(&self, key: KeyId, builder: &str) -> String {
        let key = key.short();
        if self.vouches_for_builders() {
            format!("{builder}, key {key}")
        } else {
            format!("key {key}, which claims to be {builder}")
        }
    }

    /// When a bundle was signed at the latest, by a time stamp authority that is to be believed.
    pub fn stamped_at(&self, bundle: &Bundle) -> Result<Option<Timestamp>, Refusal> {
        match self {
            Self::Key(_) => Ok(None),
            Self::Root(root) => token::stamped_at(bundle, root),
        }
    }
}
