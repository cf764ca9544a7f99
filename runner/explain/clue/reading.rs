//! Times as people and tools write them: every reading of a piece of text that could be one.

use std::ops::Range;

use super::calendar;

/// How far around a difference a date is looked for.
const REACH: usize = 40;

/// A possible time; what is not written is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The year.
    pub year: Option<i64>,
    /// 1 to 12.
    pub month: Option<i64>,
    /// 1 to 31.
    pub day: Option<i64>,
    /// 0 to 23, or 1 to 12 of a half day.
    pub hour: Option<i64>,
    /// 0 to 59.
    pub minute: Option<i64>,
    /// 0 to 60.
    pub second: Option<i64>,
}

/// What a piece of text could mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Seconds since 1970, however scaled they were written.
    Unix(i64),
    /// The same in hexadecimal digits, as which many other things are written.
    Hexadecimal(i64),
    /// A date, a time of day, or both.
    Civil(Parts),
}

#[derive(Clone, Copy)]
struct Token<'t> {
    text: &'t [u8],
    at: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Letters,
    Sign,
}

struct Found {
    range: Range<usize>,
    parts: Parts,
}

/// Every reading of the text that touches the range.
pub fn readings(text: &[u8], range: &Range<usize>) -> Vec<Reading> {
    let start = range.start.min(text.len()).saturating_sub(REACH);
    let end = range.end.saturating_add(REACH).min(text.len());
    let (window, local) = (&text[start..end], range.start - start..range.end - start);
    let tokens = split(window);
    let mut found = numbers(&tokens, &local);
    let dates = dates(&tokens);
    let times = times(&tokens);
    for date in dates.iter().filter(|date| touches(&date.range, &local)) {
        let near = times.iter().find(|time| is_near(&date.range, &time.range));
        found.push(Reading::Civil(
            near.map_or(date.parts, |time| merge(date.parts, time.parts)),
        ));
    }
    for time in times.iter().filter(|time| touches(&time.range, &local)) {
        let near = dates.iter().find(|date| is_near(&date.range, &time.range));
        found.push(Reading::Civil(
            near.map_or(time.parts, |date| merge(date.parts, time.parts)),
        ));
    }
    found
}

/// The last number a token of digits could be, or nothing where it is too long.
pub fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn touches(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.end && other.start <= one.end
}

fn is_near(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.end + 8 && other.start <= one.end + 8
}

fn merge(date: Parts, time: Parts) -> Parts {
    if date.hour.is_some() {
        return date;
    }
    Parts {
        hour: time.hour,
        minute: time.minute,
        second: time.second,
        ..date
    }
}

fn split(text: &[u8]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let kind = kind(text[at]);
        let length = match kind {
            Kind::Sign => 1,
            _ => text[at..]
                .iter()
                .take_while(|byte| self::kind(**byte) == kind)
                .count(),
        };
        let text = &text[at..at + length];
        tokens.push(Token { text, at, kind });
        at += length;
    }
    tokens
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'0'..=b'9' => Kind::Digits,
        b'A'..=b'Z' | b'a'..=b'z' => Kind::Letters,
        _ => Kind::Sign,
    }
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// The value of digits of one of these lengths.
    fn value(&self, lengths: &[usize]) -> Option<i64> {
        let fits = self.kind == Kind::Digits && lengths.contains(&self.text.len());
        fits.then(|| number(self.text)).flatten()
    }

    fn is(&self, sign: u8) -> bool {
        self.text == [sign]
    }
}

/// Numbers that stand for a time by themselves: seconds and their fractions, `20261122152048`.
fn numbers(tokens: &[Token<'_>], range: &Range<usize>) -> Vec<Reading> {
    let touching = tokens
        .iter()
        .filter(|token| touches(&(token.at..token.end()), range));
    let mut found = Vec::new();
    for token in touching.filter(|token| token.kind == Kind::Digits) {
        let Some(value) = number(token.text) else {
            continue;
        };
        match token.text.len() {
            9 | 10 => found.push(Reading::Unix(value)),
            11 => found.extend(octal(token.text).map(Reading::Unix)),
            12 | 13 => found.push(Reading::Unix(value / 1000)),
            15 | 16 => found.push(Reading::Unix(value / 1_000_000)),
            18 | 19 => found.push(Reading::Unix(value / 1_000_000_000)),
            _ => {}
        }
        if token.text.len() == 4 {
            found.push(Reading::Civil(Parts {
                year: Some(value),
                ..Parts::default()
            }));
        }
    }
    found.extend(hexadecimal(tokens, range));
    found
}

fn octal(digits: &[u8]) -> Option<i64> {
    i64::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

/// Eight hexadecimal digits, which the splitter took apart.
fn hexadecimal(tokens: &[Token<'_>], range: &Range<usize>) -> Vec<Reading> {
    let words = tokens.chunk_by(|one, next| one.kind != Kind::Sign && next.kind != Kind::Sign);
    let touching = words.filter(|word| {
        word.iter()
            .any(|token| touches(&(token.at..token.end()), range))
    });
    touching.filter_map(hexadecimal_word).collect()
}

fn hexadecimal_word(word: &[Token<'_>]) -> Option<Reading> {
    let word: Vec<u8> = word.iter().flat_map(|token| token.text).copied().collect();
    let digits = word.strip_prefix(b"0x").unwrap_or(&word);
    let text = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.len() == 8)?;
    i64::from_str_radix(text, 16).ok().map(Reading::Hexadecimal)
}

fn compact_date(token: &Token<'_>) -> Option<Found> {
    let parts = compact(token.text).filter(|_| token.kind == Kind::Digits)?;
    Some(Found {
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

fn dates(tokens: &[Token<'_>]) -> Vec<Found> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        found.extend(numeric_date(&tokens[at..]));
        found.extend(named_date(tokens, at));
        found.extend(compact_date(&tokens[at]));
    }
    found
}

/// `2026-11-22`, `22.11.2026`, `11/22/2026`: three numbers between two equal signs.
fn numeric_date(tokens: &[Token<'_>]) -> Vec<Found> {
    let [one, sign, two, again, three, ..] = tokens else {
        return Vec::new();
    };
    if sign.kind != Kind::Sign || sign.text != again.text || sign.is(b':') {
        return Vec::new();
    }
    let range = one.at..three.end();
    let orders = [
        date(one.value(&[4]), two.value(&[1, 2]), three.value(&[1, 2])),
        date(three.value(&[4]), two.value(&[1, 2]), one.value(&[1, 2])),
        date(three.value(&[4]), one.value(&[1, 2]), two.value(&[1, 2])),
        date(
            three.value(&[2]).map(|y| y + 2000),
            one.value(&[1, 2]),
            two.value(&[1, 2]),
        ),
    ];
    let dated = orders
        .into_iter()
        .flatten()
        .filter(|parts| parts.year.is_some());
    dated
        .map(|parts| Found {
            range: range.clone(),
            parts,
        })
        .collect()
}

/// `Nov 22 2026`, `22 November 2026`, `Sun Nov 22 15:20:48 UTC 2026`, `November 2026`.
fn named_date(tokens: &[Token<'_>], at: usize) -> Option<Found> {
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
    Some(Found {
        range: start..end,
        parts,
    })
}

fn numbers_near<'t, 'w: 't>(
    tokens: impl Iterator<Item = &'t Token<'w>>,
    reach: usize,
) -> Vec<&'t Token<'w>> {
    let near = tokens.take(reach).take_while(|token| !token.is(b'\n'));
    near.filter(|token| token.kind == Kind::Digits).collect()
}

fn is_time(tokens: &[Token<'_>], token: &Token<'_>) -> bool {
    tokens
        .iter()
        .any(|next| next.at == token.end() && next.is(b':'))
}

/// `15:20:48` and `15:20`, also `T152048`.
fn times(tokens: &[Token<'_>]) -> Vec<Found> {
    (0..tokens.len())
        .filter_map(|at| time(tokens, at))
        .collect()
}

fn time(tokens: &[Token<'_>], at: usize) -> Option<Found> {
    let first = tokens.get(at)?;
    let behind_t = at > 0 && tokens[at - 1].text == b"T";
    if let Some(value) = first.value(&[6]).filter(|_| behind_t) {
        let parts = clock(
            Some(value / 10_000),
            Some(value / 100 % 100),
            Some(value % 100),
        )?;
        return Some(Found {
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
    let last = if second.is_some() {
        &tokens[at + 4]
    } else {
        minute
    };
    Some(Found {
        range: first.at..last.end(),
        parts,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<Reading> {
        readings(text.as_bytes(), &(0..text.len()))
    }

    fn full() -> Reading {
        Reading::Civil(Parts {
            year: Some(2026),
            month: Some(11),
            day: Some(22),
            hour: Some(15),
            minute: Some(20),
            second: Some(48),
        })
    }

    #[test]
    fn one_time_in_many_spellings() {
        for text in [
            "Sun Nov 22 15:20:48 UTC 2026",
            "Sun Nov 22 15:20:48 2026",
            "Sun, 22 Nov 2026 15:20:48 +0000",
            "2026-11-22T15:20:48Z",
            "20261122T152048Z",
            "20261122152048",
            "22.11.2026 15:20:48",
            "11/22/26 15:20:48",
            "22 November 2026, 15:20:48",
            "D:20261122152048+00'00'",
        ] {
            assert!(all(text).contains(&full()), "{text}: {:?}", all(text));
        }
    }

    #[test]
    fn seconds_in_many_spellings() {
        for text in [
            "1795360848",
            "1795360848123",
            "1795360848123456789",
            "15300604120",
        ] {
            assert!(
                all(text).contains(&Reading::Unix(1_795_360_848)),
                "{text}: {:?}",
                all(text)
            );
        }
    }

    #[test]
    fn seconds_in_hexadecimal() {
        for text in ["6b030850", "0x6b030850", "id-6B030850."] {
            assert!(
                all(text).contains(&Reading::Hexadecimal(1_795_360_848)),
                "{text}"
            );
        }
    }

    #[test]
    fn the_day_of_the_date_macro_is_padded() {
        let found = all("Nov  2 2026");
        assert!(found.iter().any(|reading| matches!(reading, Reading::Civil(parts) if parts.day == Some(2) && parts.year == Some(2026))));
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text: Vec<u8>, start in 0_usize..200, length in 0_usize..200) {
            let _all = readings(&text, &(start..start + length));
        }

        #[test]
        fn any_date_like_text_can_be_read(text in "[0-9:/ TNovSu-]{0,60}", start in 0_usize..60) {
            let _all = readings(text.as_bytes(), &(start..start + 4));
        }
    }
}
