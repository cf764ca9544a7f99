//! What a token looks like where nothing is known of it: an address, a random name, a digest.

use std::ops::Range;

use super::calendar;
use super::token::grow;
use crate::evidence::parts::number;

/// A look that both sides share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenShape {
    /// A pointer of a 64-bit process.
    Address,
    /// `tmpab12cd`, `ccXyZ123.o`.
    TemporaryName,
    /// A UUID or a long row of random digits or letters.
    Random,
    /// A revision of a version control system.
    Revision,
    /// Hexadecimal digits of the length of a digest.
    Digest,
    /// A number where the text mentions an inode.
    Inode,
    /// Names of months or days in two languages.
    Calendar,
    /// An offset from UTC.
    Zone,
    /// A large number that may come from a seeded hash function.
    Hashed,
    /// A kernel's release where run B was shown one of the series 2.6.
    Release,
}

/// The look of the two words around a difference.
pub fn of(a: &[u8], at_a: &Range<usize>, b: &[u8], at_b: &Range<usize>) -> Option<TokenShape> {
    let (word_a, word_b) = (grow(a, at_a), grow(b, at_b));
    let shared = |of: fn(&[u8], &Range<usize>) -> bool| of(a, &word_a) && of(b, &word_b);
    let either = |of: fn(&[u8], &Range<usize>) -> bool| of(a, &word_a) || of(b, &word_b);
    let shapes = [
        (are_releases(a, &word_a, b, &word_b), TokenShape::Release),
        (shared(is_zone), TokenShape::Zone),
        (shared(is_address), TokenShape::Address),
        (shared(is_uuid), TokenShape::Random),
        (either(is_revision), TokenShape::Revision),
        (shared(is_digest), TokenShape::Digest),
        (shared(is_temporary), TokenShape::TemporaryName),
        (are_drawn(a, &word_a, b, &word_b), TokenShape::TemporaryName),
        (shared(is_inode), TokenShape::Inode),
        (shared(is_hashed), TokenShape::Hashed),
        (shared(is_random), TokenShape::Random),
        (
            shared(is_letters) && either(is_calendar),
            TokenShape::Calendar,
        ),
    ];
    shapes
        .into_iter()
        .find(|(fits, _)| *fits)
        .map(|(_, shape)| shape)
}

fn is_hex(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_hexdigit)
}

/// `0x55…` and `0x7f…` are where Linux puts programs, heaps, libraries and stacks on `x86_64`;
/// aarch64 uses `0xaaaa…` and `0xffff…`. Decimal they have 14 or 15 digits.
fn is_address(line: &[u8], word: &Range<usize>) -> bool {
    let word = &line[word.clone()];
    let digits = word.strip_prefix(b"0x").unwrap_or(word);
    let starts = [b"55".as_slice(), b"56", b"7f", b"7e", b"aaaa", b"ffff"];
    let hex = digits.len() == 12
        && is_hex(digits)
        && starts.iter().any(|start| digits.starts_with(start));
    let decimal =
        number(word).is_some_and(|value| (0x5500_0000_0000..0x8000_0000_0000).contains(&value));
    hex || decimal
}

/// The five groups of a UUID around the word.
fn is_uuid(line: &[u8], word: &Range<usize>) -> bool {
    let part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let before = line[..word.start]
        .iter()
        .rev()
        .take_while(|byte| part(byte))
        .count();
    let after = line[word.end..]
        .iter()
        .take_while(|byte| part(byte))
        .count();
    let whole = &line[word.start - before..word.end + after];
    let groups: Vec<usize> = whole.split(|byte| *byte == b'-').map(<[u8]>::len).collect();
    groups == [8, 4, 4, 4, 12]
}

fn is_revision(line: &[u8], word: &Range<usize>) -> bool {
    let digits = is_hex(&line[word.clone()]) && matches!(word.len(), 7..=12 | 40);
    let line = line[..line.len().min(4096)].to_ascii_lowercase();
    let speaks = ["git", "commit", "revision", "vcs"].iter().any(|name| {
        line.windows(name.len())
            .any(|window| window == name.as_bytes())
    });
    digits && speaks
}

fn is_digest(line: &[u8], word: &Range<usize>) -> bool {
    let word = &line[word.clone()];
    is_hex(word) && matches!(word.len(), 32 | 40 | 64 | 96 | 128) && !is_plain_uuid(word)
}

/// Version 4 of RFC 9562 without its dashes.
fn is_plain_uuid(word: &[u8]) -> bool {
    word.len() == 32 && word[12] == b'4' && matches!(word[16], b'8' | b'9' | b'a' | b'b')
}

/// The names of mkstemp (six random letters) and of Python's tempfile (eight).
fn is_temporary(line: &[u8], word: &Range<usize>) -> bool {
    let text = &line[word.clone()];
    let compiler = text.starts_with(b"cc") && text.len() == 8;
    let python = text.starts_with(b"tmp") && text.len() >= 9;
    let dotted = matches!(text.len(), 6 | 8 | 10) && line[..word.start].ends_with(b"tmp.");
    let below = line[..word.start].ends_with(b"/tmp/");
    (compiler || python || dotted || below) && is_mixed(text)
}

/// What mkstemp puts at the end of a template, `conf.Xy81Qa`: as long on both sides. One in
/// fourteen random names looks like a word of a language, so that one side that does not is enough.
fn are_drawn(a: &[u8], word_a: &Range<usize>, b: &[u8], word_b: &Range<usize>) -> bool {
    let is_template = |line: &[u8], word: &Range<usize>| {
        let before = word.start.checked_sub(1).map(|at| line[at]);
        matches!(word.len(), 6 | 8 | 10) && matches!(before, Some(b'.' | b'-' | b'_'))
    };
    is_template(a, word_a)
        && is_template(b, word_b)
        && word_a.len() == word_b.len()
        && (is_mixed(&a[word_a.clone()]) || is_mixed(&b[word_b.clone()]))
}

fn is_inode(line: &[u8], word: &Range<usize>) -> bool {
    let before = line[..word.start].to_ascii_lowercase();
    let near = &before[before.len().saturating_sub(24)..];
    number(&line[word.clone()]).is_some() && near.windows(3).any(|window| window == b"ino")
}

fn is_hashed(line: &[u8], word: &Range<usize>) -> bool {
    (17..=20).contains(&word.len()) && line[word.clone()].iter().all(u8::is_ascii_digit)
}

fn is_random(line: &[u8], word: &Range<usize>) -> bool {
    let text = &line[word.clone()];
    is_plain_uuid(text) || (text.len() >= 8 && is_mixed(text))
}

/// Letters and digits mixed, or capitals within small letters: no word of a language.
fn is_mixed(text: &[u8]) -> bool {
    let digits = text.iter().any(u8::is_ascii_digit);
    let letters = text.iter().any(u8::is_ascii_alphabetic);
    let small = text.iter().any(u8::is_ascii_lowercase);
    let capitals = text
        .iter()
        .skip(1)
        .filter(|byte| byte.is_ascii_uppercase())
        .count();
    (digits && letters) || (small && capitals > 1)
}

fn is_letters(line: &[u8], word: &Range<usize>) -> bool {
    let text = &line[word.clone()];
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
}

fn is_calendar(line: &[u8], word: &Range<usize>) -> bool {
    let text = &line[word.clone()];
    calendar::month(text).is_some() || calendar::is_weekday(text)
}

/// `+0100`, `-05:30`; a name of a zone is a word of the run's and known.
fn is_zone(line: &[u8], word: &Range<usize>) -> bool {
    let signed = word.start > 0 && matches!(line[word.start - 1], b'+' | b'-');
    let digits = line[word.clone()].iter().all(u8::is_ascii_digit);
    signed && digits && word.len() == 4 && line[..word.start - 1].ends_with(b" ")
}

/// `6.18.44` as `UNAME26` of personality(2) shows it: 2.6, and the second number and 60.
fn are_releases(a: &[u8], word_a: &Range<usize>, b: &[u8], word_b: &Range<usize>) -> bool {
    let plain = release(a, word_a);
    let old = release(b, word_b);
    plain
        .zip(old)
        .is_some_and(|((_, second, _), old)| old == (2, 6, second + 60))
}

/// The three numbers around a word, with dots between them.
fn release(line: &[u8], word: &Range<usize>) -> Option<(i64, i64, i64)> {
    let part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let before = &line[..word.start];
    let start = word.start - before.iter().rev().take_while(|byte| part(byte)).count();
    let length = line[start..].iter().take_while(|byte| part(byte)).count();
    let mut numbers = line[start..start + length]
        .split(|byte| *byte == b'.')
        .map(number);
    match (numbers.next()?, numbers.next()?, numbers.next()) {
        (Some(first), Some(second), third) => Some((first, second, third.flatten().unwrap_or(0))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(a: &str, b: &str) -> Option<TokenShape> {
        let first = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        of(
            a.as_bytes(),
            &(first..a.len().min(first + 1)),
            b.as_bytes(),
            &(first..b.len().min(first + 1)),
        )
    }

    #[test]
    fn looks() {
        assert_eq!(
            shape("at 0x7f12aabbccd0", "at 0x7f34aabbccd0"),
            Some(TokenShape::Address)
        );
        assert_eq!(
            shape(
                "f47ac10b-58cc-4372-a567-0e02b2c3d479",
                "f47ac10b-58cc-4a72-8567-0e02b2c3d479"
            ),
            Some(TokenShape::Random)
        );
        assert_eq!(
            shape("/tmp/tmpab12cd34", "/tmp/tmpzz12cd34"),
            Some(TokenShape::TemporaryName)
        );
        assert_eq!(
            shape("#line \"one.comNgM\"", "#line \"one.kloavg\""),
            Some(TokenShape::TemporaryName)
        );
        assert_eq!(shape("inode: 1234", "inode: 99"), Some(TokenShape::Inode));
        assert_eq!(
            shape("commit 1234567", "commit unknown"),
            Some(TokenShape::Revision)
        );
        assert_eq!(
            shape("Linux 6.18.44-1", "Linux 2.6.78-1"),
            Some(TokenShape::Release)
        );
        assert_eq!(shape("hello", "world"), None);
        assert_eq!(shape("Date +0000", "Date +1400"), Some(TokenShape::Zone));
    }

    proptest! {
        #[test]
        fn any_two_lines_have_a_look_or_none(a: Vec<u8>, b: Vec<u8>, at in 0_usize..40, length in 0_usize..9) {
            let _shape = of(&a, &(at..at + length), &b, &(at..at + length));
        }
    }
}
