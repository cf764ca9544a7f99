//! What a time stamp says, and on whose word: kept apart from whether they are believed, which changes.

use serde::{Deserialize, Serialize};
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use crate::key_id::KeyId;

/// A time, and the certificates that vouch for it one after the other: that of the authority first, then those
/// of whoever issued them. Every signature on the way held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeStamp {
    /// When the signature existed.
    pub time: Timestamp,
    /// On whose word.
    pub path: Vec<Voucher>,
}

/// One of those certificates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Voucher {
    /// The SHA-256 of its DER.
    pub certificate: Digest,
    /// The key that it is about.
    pub key: KeyId,
}

/// What a stamp is worth to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StampStanding {
    /// It leads to an authority that is trusted.
    Believed,
    /// A key on the way there was revoked: it says nothing.
    Revoked,
    /// It leads to nobody.
    Unknown,
}

impl TimeStamp {
    /// What it is worth to whoever trusts these certificates, and not those keys.
    pub fn standing(
        &self,
        trusted: &[Vec<u8>],
        is_revoked: impl Fn(KeyId) -> bool,
    ) -> StampStanding {
        let trusted: Vec<Digest> = trusted.iter().map(|der| Digest::sha256(der)).collect();
        for voucher in &self.path {
            if is_revoked(voucher.key) {
                return StampStanding::Revoked;
            }
            if trusted.contains(&voucher.certificate) {
                return StampStanding::Believed;
            }
        }
        StampStanding::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOW, public};

    #[test]
    fn a_stamp_stands_as_far_as_its_way_to_someone_trusted() {
        let voucher = |number: u8| Voucher {
            certificate: Digest::sha256(&[number]),
            key: public(number).id(),
        };
        let stamp = TimeStamp {
            time: NOW.parse().unwrap(),
            path: vec![voucher(1), voucher(2)],
        };
        let standing = |trusted: &[u8], revoked: &[u8]| {
            let trusted: Vec<Vec<u8>> = trusted.iter().map(|number| vec![*number]).collect();
            stamp.standing(&trusted, |key| {
                revoked.iter().any(|number| public(*number).id() == key)
            })
        };
        assert_eq!(standing(&[1], &[]), StampStanding::Believed);
        assert_eq!(standing(&[2], &[]), StampStanding::Believed);
        assert_eq!(standing(&[], &[]), StampStanding::Unknown);
        assert_eq!(standing(&[3], &[3]), StampStanding::Unknown);
        assert_eq!(standing(&[1, 2], &[1]), StampStanding::Revoked);
        assert_eq!(standing(&[2], &[1]), StampStanding::Revoked);
        assert_eq!(standing(&[], &[2]), StampStanding::Revoked);
        assert_eq!(
            standing(&[1], &[2]),
            StampStanding::Believed,
            "trusted itself"
        );
    }
}
