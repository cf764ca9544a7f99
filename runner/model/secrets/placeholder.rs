//! What stands where a secret would stand, and what merely looks random: words, examples, sequences.

use super::entropy::{self, BIT};
use super::word_list::WordList;

/// Words that a text holds in the place of a secret; as part of random characters they hardly occur.
// With examples of RFC 6749, RFC 6750, RFC 5849 and RFC 7519, and the token in Cargo's book.
const WORDS: WordList = WordList::of(&[
    b"*****",
    b"-----",
    b".....",
    b"0000000",
    b"2yotnfzfejr1zcsicmwpaa",
    b"854dvwsluwehtio3kwy6x7ucpkhfzcmy",
    b"ad180jjd733klru7",
    b"change-me",
    b"change_me",
    b"changeme",
    b"czzcagrsa3f0m",
    b"deadbeef",
    b"dummy",
    b"example",
    b"fake",
    b"foobar",
    b"gx1fbat3bv",
    b"insert",
    b"loremipsum",
    b"mf_9.b5f-4.1jqm",
    b"placeholder",
    b"qwerty",
    b"redacted",
    b"replace",
    b"sample",
    b"splxlobeztqqybyi",
    b"tgzv3jokf0xg5qx2tlkwia",
    b"xxxx",
    b"your-",
    b"your_",
    b"yourapi",
    b"yourp",
    b"yours",
    b"yourt",
]);

/// Whether these characters say that no secret stands here.
pub fn is_placeholder(bytes: &[u8]) -> bool {
    WORDS.is_in(bytes) || has_sequence(bytes)
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
    let mut row = 0;
    bytes.windows(2).any(|pair| {
        let follows = pair[0].wrapping_add(1) == pair[1];
        row = if follows { row + 1 } else { 0 };
        row == 5
    })
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
