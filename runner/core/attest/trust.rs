//! Whom to believe: one key, or the keys of a trust root.

use super::key_id::KeyId;
use super::level::BuildLevel;
use super::public_key::PublicKey;
use super::reason::Refusal;
use super::signing_time::SigningTime;
use super::trust_root::TrustRoot;

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

    /// What that key may vouch for, speaking for that builder at that time.
    pub fn level(
        &self,
        key: KeyId,
        builder: &str,
        time: SigningTime,
    ) -> Result<BuildLevel, Refusal> {
        match self {
            Self::Key(_) => Ok(BuildLevel::L1),
            Self::Root(root) => root.entry(key, builder, time).map(|entry| entry.level),
        }
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

    /// Certificates of the time stamp authorities to believe, in DER.
    pub fn time_stampers(&self) -> &[Vec<u8>] {
        match self {
            Self::Key(_) => &[],
            Self::Root(root) => &root.time_stampers,
        }
    }

    /// Who runs that builder, where the trust root says so.
    pub fn operator(&self, key: KeyId, builder: &str) -> Option<&str> {
        let Self::Root(root) = self else { return None };
        let mut entries = root.builders.iter();
        let entry = entries.find(|it| it.key.id() == key && it.builder == builder);
        entry.map(|entry| entry.operator.as_str())
    }
}
