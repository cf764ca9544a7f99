//! Dates and times of day in a row of tokens.

use std::ops::Range;

use super::calendar;
use crate::evidence::parts::{Parts, number};

/// A piece of text.
#[derive(Clone, Copy)]
pub struct DateToken<'t> {
    /// Its bytes.
    pub text: &'t [u8],
    /// Where it starts.
    pub at: usize,
    /// What it is made of.
    pub kind: DateTokenKind,
}

/// What a token is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DateTokenKind {
    /// A row of digits.
    Digits,
    /// A row of letters.
    Letters,
    /// One other byte.
    Sign,
}

/// A date or a time and where it stands.
pub struct DateMatch {
    /// Where it stands.
    pub range: Range<usize>,
    /// What it says.
    pub parts: Parts,
}

/// The tokens of a text.
pub fn split(text: &[u8]) -> Vec<DateToken<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let kind = kind(text[at]);
        let length = match kind {
            DateTokenKind::Sign => 1,
            _ => text[at..]
                .iter()
                .take_while(|byte| self::kind(**byte) == kind)
                .count(),
        };
        let text = &text[at..at + length];
        tokens.push(DateToken { text, at, kind });
        at += length;
    }
    tokens
}

fn kind(byte: u8) -> DateTokenKind {
    match byte {
        b'0'..=b'9' => DateTokenKind::Digits,
        b'A'..=b'Z' | b'a'..=b'z' => DateTokenKind::Letters,
        _ => DateTokenKind::Sign,
    }
}

impl DateToken<'_> {
    /// Where it ends.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// The value of digits of one of these lengths.
    fn value(&self, lengths: &[usize]) -> Option<i64> {
        let fits = self.kind == DateTokenKind::Digits && lengths.contains(&self.text.len());
        fits.then(|| number(self.text)).flatten()
    }

    fn is(&self, sign: u8) -> bool {
        self.text == [sign]
    }
}

fn compact_date(token: &DateToken<'_>) -> Option<DateMatch> {
    let parts = compact(token.text).filter(|_| token.kind == DateTokenKind::Digits)?;
    Some(DateMatch {
        range: token.at..token.end(),
        parts,
    })
}

/// `YYYYMMDD`, with `HHMM` or `HHMMSS` behind it.
fn compact(digits: &[u8]) -> Option<Parts> {
    let part = |range: Range<usize>| digits.get(range).and_then(number);
    if !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    date(part(0..4), part(4..6), part(6..8)).map(|date| Parts {
        hour: part(8..10),
        minute: part(10..12),
        second: part(12..14),
        ..date
    })
}

fn date(year: Option<i64>, month: Option<i64>, day: Option<i64>) -> Option<Parts> {
    let month = month.filter(|month| (1..=12).contains(month))?;
    let day = day.filter(|day| (1..=31).contains(day))?;
    Some(Parts {
        year,
        month: Some(month),
        day: Some(day),
        ..Parts::default()
    })
}

/// Every date, in any order and spelling.
pub fn dates(tokens: &[DateToken<'_>]) -> Vec<DateMatch> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        found.extend(numeric_date(&tokens[at..]));
        found.extend(named_date(tokens, at));
        found.extend(compact_date(&tokens[at]));
    }
    found
}

/// `2026-11-22`, `22.11.2026`, `11/22/2026`: three numbers between two equal signs.
fn numeric_date(tokens: &[DateToken<'_>]) -> Vec<DateMatch> {
    let [one, sign, two, again, three, ..] = tokens else {
        return Vec::new();
    };
    if sign.kind != DateTokenKind::Sign || sign.text != again.text || sign.is(b':') {
        return Vec::new();
    }
    let range = one.at..three.end();
    let orders = [
        date(one.value(&[4]), two.value(&[1, 2]), three.value(&[1, 2])),
        date(three.value(&[4]), two.value(&[1, 2]), one.value(&[1, 2])),
        date(three.value(&[4]), one.value(&[1, 2]), two.value(&[1, 2])),
        // Two digits for a year are American, with slashes: `6.18.44` is a version.
        date(
            three
                .value(&[2])
                .filter(|_| sign.is(b'/'))
                .map(|y| y + 2000),
            one.value(&[1, 2]),
            two.value(&[1, 2]),
        ),
    ];
    let dated = orders
        .into_iter()
        .flatten()
        .filter(|parts| parts.year.is_some());
    dated
        .map(|parts| DateMatch {
            range: range.clone(),
            parts,
        })
        .collect()
}

/// `Nov 22 2026`, `22 November 2026`, `Sun Nov 22 15:20:48 UTC 2026`, `November 2026`.
fn named_date(tokens: &[DateToken<'_>], at: usize) -> Option<DateMatch> {
    let word = tokens.get(at)?;
    let month = calendar::month(word.text)?;
    let before = numbers_near(tokens[..at].iter().rev(), 4);
    let after = numbers_near(tokens[at + 1..].iter(), 16);
    let day_before = before.first().filter(|token| token.text.len() <= 2);
    let day_after = after
        .first()
        .filter(|token| token.text.len() <= 2 && !is_time(tokens, token));
    let day = day_before.or(day_after);
    let year = after.iter().find(|token| token.text.len() == 4);
    let weekday = tokens[..at]
        .iter()
        .rev()
        .take(6)
        .find(|t| calendar::is_weekday(t.text));
    let parts = [Some(word), day.copied(), year.copied(), weekday];
    let start = parts.iter().flatten().map(|token| token.at).min()?;
    let end = parts.iter().flatten().map(|token| token.end()).max()?;
    let parts = Parts {
        year: year.and_then(|token| number(token.text)),
        month: Some(month),
        day: day.and_then(|token| number(token.text)),
        ..Parts::default()
    };
    Some(DateMatch {
        range: start..end,
        parts,
    })
}

fn numbers_near<'t, 'w: 't>(
    tokens: impl Iterator<Item = &'t DateToken<'w>>,
    reach: usize,
) -> Vec<&'t DateToken<'w>> {
    let near = tokens.take(reach).take_while(|token| !token.is(b'\n'));
    near.filter(|token| token.kind == DateTokenKind::Digits)
        .collect()
}

fn is_time(tokens: &[DateToken<'_>], token: &DateToken<'_>) -> bool {
    tokens
        .iter()
        .any(|next| next.at == token.end() && next.is(b':'))
}

/// Every time of day: `15:20:48`, `15:20`, `T152048`.
pub fn times(tokens: &[DateToken<'_>]) -> Vec<DateMatch> {
    (0..tokens.len())
        .filter_map(|at| time(tokens, at))
        .collect()
}

fn time(tokens: &[DateToken<'_>], at: usize) -> Option<DateMatch> {
    let first = tokens.get(at)?;
    let behind_t = at > 0 && tokens[at - 1].text == b"T";
    if let Some(value) = first.value(&[6]).filter(|_| behind_t) {
        let parts = clock(
            Some(value / 10_000),
            Some(value / 100 % 100),
            Some(value % 100),
        )?;
        return Some(DateMatch {
            range: first.at..first.end(),
            parts,
        });
    }
    // The middle of a longer row of numbers is no beginning: the seconds are no hours.
    if at > 0 && tokens[at - 1].is(b':') {
        return None;
    }
    let colon = tokens.get(at + 1).is_some_and(|token| token.is(b':'));
    let minute = tokens.get(at + 2).filter(|_| colon)?;
    let colon = tokens.get(at + 3).is_some_and(|token| token.is(b':'));
    let second = tokens
        .get(at + 4)
        .filter(|_| colon)
        .and_then(|token| token.value(&[2]));
    let parts = clock(first.value(&[1, 2]), minute.value(&[2]), second)?;
    let last = match second {
        Some(_) => fraction(tokens, at + 5).unwrap_or(&tokens[at + 4]),
        None => minute,
    };
    Some(DateMatch {
        range: first.at..last.end(),
        parts,
    })
}

/// The digits of a fraction of a second, whose sign would stand there.
fn fraction<'t, 'w>(tokens: &'t [DateToken<'w>], at: usize) -> Option<&'t DateToken<'w>> {
    let sign = tokens.get(at)?;
    let digits = tokens.get(at + 1)?;
    let is_one = (sign.is(b'.') || sign.is(b',')) && digits.kind == DateTokenKind::Digits;
    is_one.then_some(digits)
}

fn clock(hour: Option<i64>, minute: Option<i64>, second: Option<i64>) -> Option<Parts> {
    let hour = hour.filter(|hour| *hour < 24)?;
    let minute = minute.filter(|minute| *minute < 60)?;
    let second = second.filter(|second| *second <= 60);
    Some(Parts {
        hour: Some(hour),
        minute: Some(minute),
        second,
        ..Parts::default()
    })
}
