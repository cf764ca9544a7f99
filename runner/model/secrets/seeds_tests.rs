//! Secrets made anew for each test: nothing of them stands in a file.

use super::checksum::base62;
use super::class::{ALNUM, Class, DIGITS};
use super::token::{Check, Part, Token};

/// Numbers that look drawn by chance and are the same each time.
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % most.max(1)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| u8::try_from(self.below(256)).unwrap_or(0))
            .collect()
    }

    pub(super) fn of(&mut self, class: Class, count: usize) -> String {
        let all: Vec<u8> = (0..128).filter(|byte| class.has(*byte)).collect();
        (0..count)
            .map(|_| char::from(all[self.below(all.len())]))
            .collect()
    }

    /// A password as programs make them.
    pub(super) fn password(&mut self) -> String {
        [
            self.of(ALNUM, 9),
            self.of(Class::of("!#%"), 1),
            self.of(DIGITS, 2),
            self.of(ALNUM, 4),
        ]
        .concat()
    }

    /// A token of this format, with the checksum it asks for.
    pub(super) fn token(&mut self, token: &Token) -> String {
        let parts: Vec<String> = token.parts.iter().map(|part| self.part(part)).collect();
        let whole = parts.concat();
        match token.check {
            Check::Crc => {
                let (head, body) = (&parts[0], &parts[1][..parts[1].len() - 6]);
                let sum = base62(crc32fast::hash(body.as_bytes()));
                format!("{head}{body}{}", String::from_utf8_lossy(&sum))
            }
            Check::Bech32 => bech32(self, &parts[0], parts[1].len() - 6),
            Check::Random | Check::Filled => whole,
        }
    }

    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Some(class, least, most) => {
                let count = least + self.below(most - least + 1);
                self.of(*class, count)
            }
        }
    }
}

/// A PEM block of these bytes.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = crate::base64::encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let (begin, end) = (["-----BEG", "IN "].concat(), ["-----E", "ND "].concat());
    format!(
        "{begin}{label}-----\n{}\n{end}{label}-----\n",
        lines.join("\n")
    )
}

/// A private key of RSA as PKCS#1, with drawn numbers in the places of its own.
pub(super) fn rsa(seed: &mut Seed) -> Vec<u8> {
    let mut inner = vec![2, 1, 0];
    for (size, value) in [
        (257, None),
        (3, Some([1, 0, 1])),
        (256, None),
        (129, None),
        (129, None),
        (128, None),
    ] {
        inner.extend([2, 0x82]);
        inner.extend(u16::try_from(size).unwrap_or(0).to_be_bytes());
        if let Some(value) = value {
            inner.truncate(inner.len() - 4);
            inner.extend([2, 3]);
            inner.extend(value);
        } else {
            inner.extend(seed.bytes(size));
        }
    }
    sequence(&inner)
}

/// A private key on P-256 as SEC 1, without its public half.
pub(super) fn ec(seed: &mut Seed) -> Vec<u8> {
    let mut inner = vec![2, 1, 1, 4, 0x20];
    inner.extend(seed.bytes(32));
    inner.extend(b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    sequence(&inner)
}

/// A private key of Ed25519 as PKCS#8.
pub(super) fn ed25519(seed: &mut Seed) -> Vec<u8> {
    let mut inner = b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    inner.extend(seed.bytes(32));
    sequence(&inner)
}

fn sequence(inner: &[u8]) -> Vec<u8> {
    let mut whole = vec![0x30];
    match u8::try_from(inner.len()) {
        Ok(size) if size < 0x80 => whole.push(size),
        Ok(size) => whole.extend([0x81, size]),
        Err(_) => {
            whole.push(0x82);
            whole.extend(u16::try_from(inner.len()).unwrap_or(0).to_be_bytes());
        }
    }
    whole.extend(inner);
    whole
}

/// Tries checksums for drawn characters: one of each 2^30 answers, so they are solved for instead.
fn bech32(seed: &mut Seed, head: &str, count: usize) -> String {
    let digits = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
    let body: String = (0..count)
        .map(|_| char::from(digits.as_bytes()[seed.below(32)]))
        .collect();
    let (mut known, zero) = (String::new(), "QQQQQQ");
    // The checksum is linear: each of its six digits is found by the digit that the sum of zeros lacks.
    let sum =
        super::checksum::bech32_sum(format!("{head}{body}{zero}").as_bytes()).unwrap_or(0) ^ 1;
    for place in 0..6 {
        let digit = sum >> (5 * (5 - place)) & 31;
        known.push(char::from(digits.as_bytes()[digit as usize]));
    }
    format!("{head}{body}{known}")
}
