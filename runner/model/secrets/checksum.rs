//! The checksums that tokens carry, so that a text that only looks like one is told apart.

/// Digits of base 62 as forges write them.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits of Bech32 (BIP 173).
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];

/// Whether the last six characters are the CRC-32 of those before them, in base 62.
pub fn ends_in_crc(text: &[u8]) -> bool {
    let Some(body) = text.len().checked_sub(6) else {
        return false;
    };
    let (body, sum) = text.split_at(body);
    sum == base62(crc32fast::hash(body))
}

/// Whether a text of Bech32, all in one case, answers its checksum.
pub fn is_bech32(text: &[u8]) -> bool {
    bech32_sum(text) == Some(1)
}

/// The sum over a text of Bech32, which is one for a whole text.
pub(super) fn bech32_sum(text: &[u8]) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let one = text.iter().rposition(|byte| *byte == b'1')?;
    let (prefix, data) = (&text[..one], &text[one + 1..]);
    let value = |byte: &u8| BECH32.iter().position(|digit| digit == byte);
    let values: Option<Vec<usize>> = data.iter().map(value).collect();
    let values = values.filter(|values| values.len() >= 6)?;
    let high = prefix.iter().map(|byte| u32::from(byte >> 5));
    let low = prefix.iter().map(|byte| u32::from(byte & 31));
    let values = values
        .into_iter()
        .map(|value| u32::try_from(value).unwrap_or(0));
    let all = high.chain([0]).chain(low).chain(values);
    Some(all.fold(1, bech32_step))
}

/// A number in base 62, six digits long.
pub(super) fn base62(mut number: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[number as usize % 62];
        number /= 62;
    }
    digits
}

fn bech32_step(sum: u32, value: u32) -> u32 {
    let top = sum >> 25;
    let shifted = (sum & 0x01ff_ffff) << 5 ^ value;
    let terms = GENERATOR.iter().enumerate();
    terms.fold(
        shifted,
        |sum, (bit, term)| {
            if top >> bit & 1 == 1 { sum ^ term } else { sum }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        assert_eq!(base62(0), *b"000000");
        assert_eq!(base62(u32::MAX), *b"4gfFC3");
        let body = b"zwiebackzwiebackzwiebackzwieba";
        let whole = [&body[..], &base62(crc32fast::hash(body))].concat();
        assert!(ends_in_crc(&whole));
        assert!(!ends_in_crc(&whole[1..]) && !ends_in_crc(b"short"));
    }

    /// Test vectors of BIP 173.
    #[test]
    fn bech32_of_the_specification() {
        for good in ["A12UEL5L", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"] {
            assert!(is_bech32(good.as_bytes()), "{good}");
        }
        for bad in ["A12UEL5M", "abcdef", "1", "a1b"] {
            assert!(!is_bech32(bad.as_bytes()), "{bad}");
        }
    }
}
