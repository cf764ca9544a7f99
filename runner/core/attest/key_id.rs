//! The name of a public key: base64 of the SHA-256 of its SPKI DER, as Sigstore's clients have it.

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::digest::Digest;
use crate::text::{read_from_text, write_as_text};

/// The name of one public key. It picks a key out of a set; it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Digest);

/// Text that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key id: base64 of 32 bytes is expected")]
pub struct KeyIdError(String);

impl KeyId {
    /// The name of the key with that `SubjectPublicKeyInfo`.
    pub fn of_der(spki: &[u8]) -> Self {
        Self(Digest::sha256(spki))
    }

    /// The first eight hexadecimal digits: enough for people, never for a decision.
    pub fn short(self) -> String {
        self.0.short()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&base64::encode(self.0.as_bytes()))
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = base64::decode(text).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(|bytes| Self(Digest::from_bytes(bytes)))
            .ok_or_else(|| KeyIdError(text.to_owned()))
    }
}

write_as_text!(KeyId);
read_from_text!(KeyId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let id = KeyId::of_der(b"key");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.short(), "2c70e12b");
        assert!("".parse::<KeyId>().is_err());
        assert!("AAAA".parse::<KeyId>().is_err());
    }
}
