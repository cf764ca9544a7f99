//! What identifies bytes: sha256 is the public name, blake3 rides along.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::{read_from_text, write_as_text};

/// A 256-bit digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Everything that is known about the identity of one sequence of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// The public name, understood by every other tool.
    pub sha256: Digest,
    /// The store's own name, several times faster to compute.
    pub blake3: Digest,
    /// Length in bytes.
    pub size: u64,
}

/// Computes both digests and the length in one pass over the bytes.
#[derive(Clone, Default)]
pub struct Hasher {
    sha256: sha2::Sha256,
    blake3: blake3::Hasher,
    size: u64,
}

/// Computes the public name alone, where nothing is stored.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

/// A digest that is not written as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest: 64 lower-case hexadecimal digits are expected")]
pub struct DigestError {
    text: String,
}

impl Digest {
    /// The digest with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The SHA-256 of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The raw 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.to_string()
    }

    /// The first eight digits: enough for people, never for a decision.
    pub fn short(self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl Fingerprint {
    /// The fingerprint of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl Hasher {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.blake3.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// Ends the pass.
    pub fn finish(self) -> Fingerprint {
        Fingerprint {
            sha256: Digest(self.sha256.finalize().into()),
            blake3: Digest(*self.blake3.finalize().as_bytes()),
            size: self.size,
        }
    }
}

impl Sha256 {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Ends the pass.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
        ];
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text: String = nibbles.map(|nibble| DIGITS[usize::from(nibble)]).collect();
        f.write_str(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text.as_bytes())
            .map(Self)
            .ok_or_else(|| DigestError {
                text: text.to_owned(),
            })
    }
}

write_as_text!(Digest);
read_from_text!(Digest);

/// What a hexadecimal digit stands for, and `NONE` for every other byte. A statement has hundreds of digests,
/// and a thousand statements are read at once.
const NIBBLES: [u8; 256] = nibbles();
const NONE: u8 = 0xff;

/// Upper-case digits are refused: two spellings of one digest would be two names.
const fn nibbles() -> [u8; 256] {
    let mut nibbles = [NONE; 256];
    let mut value: u8 = 0;
    while value < 16 {
        let digit = if value < 10 {
            b'0' + value
        } else {
            b'a' - 10 + value
        };
        nibbles[digit as usize] = value;
        value += 1;
    }
    nibbles
}

fn parse_hex(text: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.try_into().ok()?;
    let mut bytes = [0; 32];
    // One look at the end costs less than two for each byte.
    let mut seen = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (NIBBLES[usize::from(*high)], NIBBLES[usize::from(*low)]);
        *byte = high << 4 | low & 15;
        seen |= high | low;
    }
    (seen & 0xf0 == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_digests_of_nothing() {
        let print = Fingerprint::of(b"");
        assert_eq!(print.sha256.short(), "e3b0c442");
        assert_eq!(print.blake3.short(), "af1349b9");
        assert_eq!(print.size, 0);
    }

    #[test]
    fn only_one_spelling_is_a_digest() {
        let hex = Digest::sha256(b"x").to_hex();
        assert!(hex.to_uppercase().parse::<Digest>().is_err());
        assert!(hex[1..].parse::<Digest>().is_err());
        assert!(format!("{hex}0").parse::<Digest>().is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(bytes: [u8; 32]) {
            let digest = Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_hex().parse(), Ok(digest));
        }

        #[test]
        fn pieces_do_not_matter(bytes: Vec<u8>, at: prop::sample::Index) {
            let mut hasher = Hasher::default();
            let (left, right) = bytes.split_at(at.index(bytes.len() + 1));
            hasher.update(left);
            hasher.update(right);
            prop_assert_eq!(hasher.finish(), Fingerprint::of(&bytes));
        }
    }
}
