//! Sets of ASCII characters, as the formats of tokens name them.

/// A set of ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    bits: u128,
    written: &'static str,
}

/// Decimal digits.
pub const DIGITS: Class = Class::of("0-9");
/// Hexadecimal digits in lower case.
pub const HEX: Class = Class::of("0-9a-f");
/// Hexadecimal digits in either case.
pub const ANY_HEX: Class = Class::of("0-9A-Fa-f");
/// Digits and small letters.
pub const LOWER: Class = Class::of("0-9a-z");
/// Digits and capitals.
pub const UPPER: Class = Class::of("0-9A-Z");
/// Base 32 (RFC 4648).
pub const BASE32: Class = Class::of("A-Z2-7");
/// Letters and digits.
pub const ALNUM: Class = Class::of("0-9A-Za-z");
/// The alphabet of base64 that is safe in URLs.
pub const URL: Class = Class::of("0-9A-Za-z_-");
/// The same with padding.
pub const PADDED_URL: Class = Class::of("0-9A-Za-z_=-");
/// The standard alphabet of base64.
pub const BASE64: Class = Class::of("0-9A-Za-z+/");
/// The same with padding.
pub const PADDED: Class = Class::of("0-9A-Za-z+/=");
/// What names in programs are made of.
pub const WORD: Class = Class::of("0-9A-Za-z_");

impl Class {
    /// The characters of a list in which `a-z` is a range; a hyphen itself stands at the end.
    pub const fn of(written: &'static str) -> Self {
        let text = written.as_bytes();
        let (mut bits, mut at) = (0_u128, 0);
        while at < text.len() {
            let first = text[at];
            let is_range = at + 2 < text.len() && text[at + 1] == b'-';
            let last = if is_range { text[at + 2] } else { first };
            let mut byte = first;
            while byte <= last {
                bits |= 1 << byte;
                byte += 1;
            }
            at += if is_range { 3 } else { 1 };
        }
        Self { bits, written }
    }

    /// Whether a byte is one of them.
    pub const fn has(self, byte: u8) -> bool {
        byte < 128 && self.bits >> byte & 1 == 1
    }

    /// How many there are.
    pub const fn size(self) -> u32 {
        self.bits.count_ones()
    }

    /// The list it was made from.
    pub const fn written(self) -> &'static str {
        self.written
    }

    /// How many bytes from the start belong to it, at most so many.
    pub fn run(self, bytes: &[u8], most: usize) -> usize {
        let belongs = |byte: &&u8| self.has(**byte);
        bytes.iter().take(most).take_while(belongs).count()
    }

    /// How many bytes up to the end belong to it, at most so many.
    pub fn run_back(self, bytes: &[u8], most: usize) -> usize {
        let belongs = |byte: &&u8| self.has(**byte);
        bytes.iter().rev().take(most).take_while(belongs).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_a_hyphen() {
        assert_eq!(URL.size(), 64);
        assert!(URL.has(b'-') && URL.has(b'_') && !URL.has(b'.') && !URL.has(0xc3));
        assert_eq!(BASE32.run(b"ABZ27890", 99), 5);
        assert_eq!(DIGITS.run_back(b"a1234", 3), 3);
    }
}
