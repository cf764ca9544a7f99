//! What stands where a secret would stand, and what merely looks random: words, examples, sequences.

use super::entropy::{self, BIT};

/// Words that a text holds in the place of a secret; as part of random characters they hardly occur.
const WORDS: [&[u8]; 34] = [
    b"example",
    b"xxxx",
    b"placeholder",
    b"redacted",
    b"changeme",
    b"change-me",
    b"change_me",
    b"dummy",
    b"sample",
    b"insert",
    b"replace",
    b"your-",
    b"your_",
    b"yourp",
    b"yours",
    b"yourt",
    b"yourapi",
    b"fake",
    b"0000000",
    b"*****",
    b".....",
    b"-----",
    b"foobar",
    b"loremipsum",
    b"qwerty",
    b"deadbeef",
    // Examples of RFC 6749, RFC 6750, RFC 5849 and RFC 7519.
    b"2yotnfzfejr1zcsicmwpaa",
    b"tgzv3jokf0xg5qx2tlkwia",
    b"czzcagrsa3f0m",
    b"gx1fbat3bv",
    b"ad180jjd733klru7",
    b"mf_9.b5f-4.1jqm",
    b"splxlobeztqqybyi",
    // The token in Cargo's book.
    b"854dvwsluwehtio3kwy6x7ucpkhfzcmy",
];

/// Whether these characters say that no secret stands here.
pub fn is_placeholder(bytes: &[u8]) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let holds = |word: &[u8]| lower.windows(word.len()).any(|part| part == word);
    WORDS.iter().any(|word| holds(word)) || has_sequence(bytes)
}

/// Whether the characters could have been drawn by chance: many different ones, and no words.
pub fn is_random(bytes: &[u8]) -> bool {
    // Tables in base64 are full of zeros.
    if is_placeholder(bytes) || bytes.windows(4).any(|four| four == b"AAAA") {
        return false;
    }
    let is_hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == bytes.len() {
        return entropy::each(bytes) >= 2 * BIT;
    }
    let has = |kind: fn(&u8) -> bool| bytes.iter().any(kind);
    if digits == 0 && !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)) {
        return false;
    }
    let least = match bytes.len() {
        0..16 => 5 * BIT / 2,
        _ if is_hex => 14 * BIT / 5,
        16..24 => 3 * BIT,
        _ => 7 * BIT / 2,
    };
    entropy::each(bytes) >= least && entropy::changes(bytes) * 7 >= bytes.len()
}

/// Whether the characters are names with hyphens or underscores between them, as a program's texts are when
/// they stand beside each other.
pub fn is_worded(bytes: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'-' | b'_' | b'.' | b'=');
    let separators = bytes
        .iter()
        .filter(|byte| matches!(byte, b'-' | b'_'))
        .count();
    let mut parts = bytes.split(is_separator);
    let is_word = |part: &[u8]| entropy::changes(part) <= (part.len() / 6).max(1);
    separators >= 2 + bytes.len() / 10 || separators >= 1 && parts.all(is_word)
}

/// Six characters that each follow the one before, as in `abcdef` and `123456`.
fn has_sequence(bytes: &[u8]) -> bool {
    let follows = |pair: &[u8]| pair[0].wrapping_add(1) == pair[1];
    bytes.windows(6).any(|six| six.windows(2).all(follows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_sequences_are_not_random() {
        for not in [
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxxxxxxxxxxxxxx",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "YOUR_API_KEY_GOES_HERE",
            "something_that_is_written_like_this",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(!is_random(not.as_bytes()), "{not}");
        }
        for random in ["q7Zk2mXp9LtR4vYw", "8f1c3a7e5d9b2064f7a1c3e85b9d0274"] {
            assert!(is_random(random.as_bytes()), "{random}");
        }
    }
}
