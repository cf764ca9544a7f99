//! Two lines as tokens, with the words known of each run as one token each.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::differ::align;
use crate::knowledge::Word;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineToken<'t> {
    /// What it is compared by.
    pub key: TokenKey<'t>,
    /// Where it stands.
    pub range: Range<usize>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKey<'t> {
    /// A word the runner knows, by its place in the list of words.
    Known(usize),
    /// A row of digits, a row of letters, or one other byte.
    Plain(&'t [u8]),
}

/// Which run a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Run A.
    A,
    /// Run B.
    B,
}

/// A difference between two lines, as a range of each.
pub type Hunk = (Range<usize>, Range<usize>);

/// The tokens of a line.
pub fn split<'t>(line: &'t [u8], words: &[Word<'_>], run: Run) -> Vec<LineToken<'t>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let (key, length) = known(line, at, words, run).unwrap_or_else(|| plain(line, at));
        tokens.push(LineToken {
            key,
            range: at..at + length,
        });
        at += length;
    }
    tokens
}

/// Where two rows of tokens differ: token by token where they pair up, else what lies between the words
/// that both have, as one range each.
pub fn hunks(a: &[LineToken<'_>], b: &[LineToken<'_>]) -> Vec<Hunk> {
    if a.len() == b.len() {
        return paired(a, b);
    }
    let (keys_a, keys_b): (Vec<_>, Vec<_>) = (telling(a), telling(b));
    let shared = align::anchors(&keys_of(&keys_a), &keys_of(&keys_b));
    let ends = shared
        .into_iter()
        .map(|(in_a, in_b)| (keys_a[in_a].0, keys_b[in_b].0))
        .chain([(a.len(), b.len())]);
    let (mut from_a, mut from_b) = (0, 0);
    let mut found = Vec::new();
    for (to_a, to_b) in ends {
        found.extend(between(a, b, from_a..to_a, from_b..to_b));
        (from_a, from_b) = (to_a + 1, to_b + 1);
    }
    found
}

/// Words of a language and what is known of a run, with their places: signs, digits and short rows of
/// letters are equal by chance within things that have nothing in common.
fn telling<'t>(tokens: &[LineToken<'t>]) -> Vec<(usize, TokenKey<'t>)> {
    let is_telling = |key: &TokenKey<'_>| match key {
        TokenKey::Known(_) => true,
        TokenKey::Plain(text) => text.len() > 2 && text[0].is_ascii_alphabetic(),
    };
    let all = tokens.iter().map(|token| token.key).enumerate();
    all.filter(|(_, key)| is_telling(key)).collect()
}

fn keys_of<'t>(found: &[(usize, TokenKey<'t>)]) -> Vec<TokenKey<'t>> {
    found.iter().map(|(_, key)| *key).collect()
}

/// The differences between two words that both rows have.
fn between(
    a: &[LineToken<'_>],
    b: &[LineToken<'_>],
    in_a: Range<usize>,
    in_b: Range<usize>,
) -> Vec<Hunk> {
    let (part_a, part_b) = (&a[in_a.clone()], &b[in_b.clone()]);
    if part_a.len() == part_b.len() {
        return paired(part_a, part_b);
    }
    let pairs = part_a.iter().zip(part_b);
    let head = pairs.take_while(|(a, b)| a.key == b.key).count();
    let backwards = part_a[head..].iter().rev().zip(part_b[head..].iter().rev());
    let tail = backwards.take_while(|(a, b)| a.key == b.key).count();
    vec![(
        span(a, in_a.start + head, in_a.end - tail),
        span(b, in_b.start + head, in_b.end - tail),
    )]
}

/// Whether both rows hold the same tokens, in whatever order.
pub fn are_same_words(a: &[LineToken<'_>], b: &[LineToken<'_>]) -> bool {
    a.len() == b.len() && count(a) == count(b)
}

/// The range, grown to the whole row of letters and digits around it.
pub fn grow(line: &[u8], range: &Range<usize>) -> Range<usize> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let start = range.start.min(line.len());
    let end = range.end.clamp(start, line.len());
    let before = line[..start]
        .iter()
        .rev()
        .take_while(|byte| is_word(byte))
        .count();
    let after = line[end..].iter().take_while(|byte| is_word(byte)).count();
    start - before..end + after
}

fn count<'t, 's>(tokens: &'s [LineToken<'t>]) -> BTreeMap<&'s TokenKey<'t>, usize> {
    let mut counts = BTreeMap::new();
    for token in tokens {
        *counts.entry(&token.key).or_insert(0) += 1;
    }
    counts
}

/// The bytes of the tokens from one up to another.
fn span(tokens: &[LineToken<'_>], from: usize, to: usize) -> Range<usize> {
    let at = |index: usize| tokens.get(index).map(|token| token.range.start);
    let end = tokens.last().map_or(0, |token| token.range.end);
    at(from).unwrap_or(end)..at(to).unwrap_or(end)
}

fn paired(a: &[LineToken<'_>], b: &[LineToken<'_>]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for (a, b) in a.iter().zip(b).filter(|(a, b)| a.key != b.key) {
        match hunks.last_mut() {
            // Neighbours are one difference: letters and digits of one identifier.
            Some((last_a, last_b))
                if last_a.end == a.range.start && last_b.end == b.range.start =>
            {
                last_a.end = a.range.end;
                last_b.end = b.range.end;
            }
            _ => hunks.push((a.range.clone(), b.range.clone())),
        }
    }
    hunks
}

/// A word of the run at this place. Short ones and bare numbers are left to the classifier, which
/// looks at them only where the lines differ: a `2` is not the number of CPUs everywhere.
fn known<'t>(
    line: &[u8],
    at: usize,
    words: &[Word<'_>],
    run: Run,
) -> Option<(TokenKey<'t>, usize)> {
    words.iter().enumerate().find_map(|(index, word)| {
        let text = spelling(word, run);
        let here =
            line[at..].starts_with(text.as_bytes()) && is_telling(word.a) && is_telling(word.b);
        (here && is_whole(line, at, text)).then_some((TokenKey::Known(index), text.len()))
    })
}

/// How a run spells a word.
pub fn spelling<'k>(word: &Word<'k>, run: Run) -> &'k str {
    match run {
        Run::A => word.a,
        Run::B => word.b,
    }
}

fn is_telling(text: &str) -> bool {
    text.len() >= 4
        && text
            .bytes()
            .any(|byte| !byte.is_ascii_digit() && byte != b'.')
}

/// A path may follow anything (`-I/build`) but must end at its end; a name must stand alone.
fn is_whole(line: &[u8], at: usize, text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let open_end = line.get(at + text.len()).is_some_and(is_word);
    let open_start = at > 0 && is_word(&line[at - 1]);
    !open_end && (text.starts_with('/') || !open_start)
}

fn plain(line: &[u8], at: usize) -> (TokenKey<'_>, usize) {
    let class = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
    let first = class(&line[at]);
    let length = match first {
        (false, false) => 1,
        _ => line[at..]
            .iter()
            .take_while(|byte| class(byte) == first)
            .count(),
    };
    (TokenKey::Plain(&line[at..at + length]), length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::variation::factor::Factor;

    #[test]
    fn a_known_path_is_one_token_whatever_its_depth() {
        let words = [Word {
            factor: Factor::BuildPath,
            a: "/build",
            b: "/home/x/deeper/build",
        }];
        let a = split(b"-I/build/inc x", &words, Run::A);
        let b = split(b"-I/home/x/deeper/build/inc x", &words, Run::B);
        assert!(hunks(&a, &b).is_empty());
    }

    #[test]
    fn a_longer_name_is_not_the_known_one() {
        let words = [Word {
            factor: Factor::BuildPath,
            a: "/build",
            b: "/other",
        }];
        let a = split(b"/builder", &words, Run::A);
        assert!(
            a.iter()
                .all(|token| matches!(token.key, TokenKey::Plain(_)))
        );
    }

    #[test]
    fn two_differences_of_one_line_stay_two() {
        let a = b"/* build n4gn39to1iq */var t=\"2026-11-25T21:09:17\";";
        let b = b"/* build 2ykqud5wjnl */var t=\"2027-12-31T04:22:38\";";
        let found = hunks(&split(a, &[], Run::A), &split(b, &[], Run::B));
        let first = &found[0];
        assert_eq!(
            (&a[first.0.clone()], &b[first.1.clone()]),
            (&b"n4gn39to1iq"[..], &b"2ykqud5wjnl"[..])
        );
        assert_eq!(&a[found[1].0.clone()], b"2026");
    }

    #[test]
    fn unequal_rows_have_one_range() {
        let a = split(b"x = a b;", &[], Run::A);
        let b = split(b"x = c;", &[], Run::B);
        assert_eq!(hunks(&a, &b), [(4..7, 4..5)]);
    }
}
