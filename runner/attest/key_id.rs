//! The name of a public key: its OpenSSH fingerprint, as `ssh-keygen -lf` prints it.
//!
//! Up to version 0.1 keys were named by the base64 of the SHA-256 of their SPKI DER, and files of that
//! time stay good. Two types keep the forms apart. A [`KeyId`] is made from a public key alone and so
//! knows both; ids of equal keys are equal, and nothing else is. A [`KeyName`] is text from a file, in
//! either form. It has no key, and is compared with one by [`KeyName::names`] alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zwieback_model::base64;
use zwieback_model::digest::Digest;
use zwieback_model::{read_from_text, write_as_text};

/// What every fingerprint begins with.
const PREFIX: &str = "SHA256:";

/// How much of a fingerprint is shown.
const SHORT: usize = 8;

/// One public key's name. It picks a key out of a set; it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// Of the key as SSH writes it.
    fingerprint: Digest,
    /// Of the key as X.509 writes it.
    spki: Digest,
}

/// What a file calls a key, in one of two forms: two names that differ can be of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyName {
    /// `SHA256:` and base64 without padding: the SHA-256 of the key as SSH writes it.
    Fingerprint(Digest),
    /// The form until version 0.1: base64 of the SHA-256 of the key's SPKI DER.
    Spki(Digest),
}

/// Text that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key id: a fingerprint as `ssh-keygen -lf` prints it is expected")]
pub struct KeyNameError(String);

impl KeyId {
    /// The name of the key with that SSH public key blob (RFC 4253, 5656, 8709) and that
    /// `SubjectPublicKeyInfo`: [`super::public_key::PublicKey`] alone has both.
    pub(super) fn of(blob: &[u8], spki: &[u8]) -> Self {
        Self {
            fingerprint: Digest::sha256(blob),
            spki: Digest::sha256(spki),
        }
    }

    /// The first eight characters of the fingerprint: enough for people, never for a decision.
    pub fn short(self) -> String {
        self.name().short()
    }

    /// The fingerprint in hexadecimal digits, for the name of a file: base64 has slashes.
    pub fn to_hex(self) -> String {
        self.fingerprint.to_hex()
    }

    /// The name to write into a file.
    pub fn name(self) -> KeyName {
        KeyName::Fingerprint(self.fingerprint)
    }

    /// The name that version 0.1 wrote, where something is still found by it.
    pub fn former_name(self) -> KeyName {
        KeyName::Spki(self.spki)
    }
}

impl KeyName {
    /// Whether it is that key's, in whichever form.
    pub fn names(self, key: KeyId) -> bool {
        match self {
            Self::Fingerprint(digest) => digest == key.fingerprint,
            Self::Spki(digest) => digest == key.spki,
        }
    }

    /// The first eight characters of the digest, as it is written.
    pub fn short(self) -> String {
        let (Self::Fingerprint(digest) | Self::Spki(digest)) = self;
        base64::encode(digest.as_bytes())[..SHORT].to_owned()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fingerprint(digest) => {
                let text = base64::encode(digest.as_bytes());
                f.pad(&format!("{PREFIX}{}", text.trim_end_matches('=')))
            }
            Self::Spki(digest) => f.pad(&base64::encode(digest.as_bytes())),
        }
    }
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || KeyNameError(text.to_owned());
        let encoded = text.strip_prefix(PREFIX);
        let bytes = base64::decode(encoded.unwrap_or(text)).map_err(|_| malformed())?;
        let digest = Digest::from_bytes(bytes.try_into().map_err(|_| malformed())?);
        match encoded {
            None => Ok(Self::Spki(digest)),
            // A fingerprint has one spelling: it is also compared by people and by other tools.
            Some(_) if Self::Fingerprint(digest).to_string() == text => {
                Ok(Self::Fingerprint(digest))
            }
            Some(_) => Err(malformed()),
        }
    }
}

write_as_text!(KeyName);
read_from_text!(KeyName);

/// Only for files that nobody else writes: both digests in base64, so that both forms can be told.
impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let both = [*self.fingerprint.as_bytes(), *self.spki.as_bytes()].concat();
        serializer.serialize_str(&base64::encode(&both))
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let both = base64::decode(&text).map_err(serde::de::Error::custom)?;
        let expected = || serde::de::Error::custom("64 bytes are expected");
        let (fingerprint, spki) = both.split_first_chunk::<32>().ok_or_else(expected)?;
        Ok(Self {
            fingerprint: Digest::from_bytes(*fingerprint),
            spki: Digest::from_bytes(spki.try_into().map_err(|_| expected())?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::public;

    #[test]
    fn both_names_are_of_the_key_and_of_no_other() {
        let (key, other) = (public(1).id(), public(2).id());
        for name in [key.name(), key.former_name()] {
            assert!(name.names(key), "{name}");
            assert!(!name.names(other), "{name}");
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        // The digest of one form means nothing in the other.
        let KeyName::Spki(digest) = key.former_name() else {
            panic!("a former name is one of the SPKI")
        };
        assert!(!KeyName::Fingerprint(digest).names(key));
        assert_eq!(key.short(), key.to_string()["SHA256:".len()..][..8]);
    }

    #[test]
    fn a_fingerprint_has_one_spelling() {
        let text = public(1).id().to_string();
        assert!(text.parse::<KeyName>().is_ok());
        let (_, bare) = text.split_once(':').unwrap();
        let other_alphabet = format!("SHA256:{}", bare.replace('+', "-").replace('/', "_"));
        let spellings = [
            format!("{text}="),
            format!("sha256:{bare}"),
            format!("SHA256:SHA256:{bare}"),
            format!("MD5:{bare}"),
            "SHA256:".to_owned(),
            "SHA256:AAAA".to_owned(),
            "AAAA".to_owned(),
            String::new(),
        ];
        let spellings = spellings.into_iter();
        for spelling in spellings.chain((other_alphabet != text).then_some(other_alphabet)) {
            assert!(spelling.parse::<KeyName>().is_err(), "{spelling}");
        }
    }

    #[test]
    fn what_is_kept_of_a_key_still_answers_to_both_names() {
        let key = public(1).id();
        let kept = serde_json::to_string(&key).unwrap();
        let read: KeyId = serde_json::from_str(&kept).unwrap();
        assert_eq!(read, key);
        assert!(key.former_name().names(read));
        let former = serde_json::to_string(&key.former_name()).unwrap();
        assert!(serde_json::from_str::<KeyId>(&former).is_err());
    }
}
