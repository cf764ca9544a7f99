//! Times as people and tools write them: every reading of a piece of text that could be one.

use std::ops::Range;

use super::date::{DateToken, DateTokenKind, dates, split, times};
use super::parts::{Parts, number};

/// How far around a difference a date is looked for.
const REACH: usize = 40;

/// What a piece of text could mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeReading {
    /// Seconds since 1970, however scaled they were written.
    Unix(i64),
    /// The same in hexadecimal digits, as which many other things are written.
    Hexadecimal(i64),
    /// A date, a time of day, or both.
    Civil(Parts),
}

/// Every reading of the text that touches the range.
pub fn readings(text: &[u8], range: &Range<usize>) -> Vec<TimeReading> {
    let start = range.start.min(text.len()).saturating_sub(REACH);
    let end = range.end.saturating_add(REACH).min(text.len());
    let (window, local) = (&text[start..end], range.start - start..range.end - start);
    let tokens = split(window);
    let mut found = numbers(&tokens, &local);
    let dates = dates(&tokens);
    let times = times(&tokens);
    for date in dates.iter().filter(|date| touches(&date.range, &local)) {
        let near = times.iter().find(|time| is_near(&date.range, &time.range));
        found.push(TimeReading::Civil(
            near.map_or(date.parts, |time| merge(date.parts, time.parts)),
        ));
    }
    for time in times.iter().filter(|time| touches(&time.range, &local)) {
        let near = dates.iter().find(|date| is_near(&date.range, &time.range));
        found.push(TimeReading::Civil(
            near.map_or(time.parts, |date| merge(date.parts, time.parts)),
        ));
    }
    found
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

/// Numbers that stand for a time by themselves: seconds and their fractions, `20261122152048`.
fn numbers(tokens: &[DateToken<'_>], range: &Range<usize>) -> Vec<TimeReading> {
    let touching = tokens
        .iter()
        .filter(|token| touches(&(token.at..token.end()), range));
    let mut found = Vec::new();
    for token in touching.filter(|token| token.kind == DateTokenKind::Digits) {
        let Some(value) = number(token.text) else {
            continue;
        };
        match token.text.len() {
            9 | 10 => found.push(TimeReading::Unix(value)),
            11 => found.extend(octal(token.text).map(TimeReading::Unix)),
            12 | 13 => found.push(TimeReading::Unix(value / 1000)),
            15 | 16 => found.push(TimeReading::Unix(value / 1_000_000)),
            18 | 19 => found.push(TimeReading::Unix(value / 1_000_000_000)),
            _ => {}
        }
        if token.text.len() == 4 {
            found.push(TimeReading::Civil(Parts {
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
fn hexadecimal(tokens: &[DateToken<'_>], range: &Range<usize>) -> Vec<TimeReading> {
    let words = tokens
        .chunk_by(|one, next| one.kind != DateTokenKind::Sign && next.kind != DateTokenKind::Sign);
    let touching = words.filter(|word| {
        word.iter()
            .any(|token| touches(&(token.at..token.end()), range))
    });
    touching.filter_map(hexadecimal_word).collect()
}

fn hexadecimal_word(word: &[DateToken<'_>]) -> Option<TimeReading> {
    let word: Vec<u8> = word.iter().flat_map(|token| token.text).copied().collect();
    let digits = word.strip_prefix(b"0x").unwrap_or(&word);
    let text = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.len() == 8)?;
    i64::from_str_radix(text, 16)
        .ok()
        .map(TimeReading::Hexadecimal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<TimeReading> {
        readings(text.as_bytes(), &(0..text.len()))
    }

    fn full() -> TimeReading {
        TimeReading::Civil(Parts {
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
    fn a_fraction_belongs_to_its_second() {
        for text in ["2026-11-22T15:20:48.860Z", "2026-11-22 15:20:48,860123"] {
            let found = readings(text.as_bytes(), &(20..23));
            assert!(found.contains(&full()), "{text}: {found:?}");
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
                all(text).contains(&TimeReading::Unix(1_795_360_848)),
                "{text}: {:?}",
                all(text)
            );
        }
    }

    #[test]
    fn seconds_in_hexadecimal() {
        for text in ["6b030850", "0x6b030850", "id-6B030850."] {
            assert!(
                all(text).contains(&TimeReading::Hexadecimal(1_795_360_848)),
                "{text}"
            );
        }
    }

    #[test]
    fn the_day_of_the_date_macro_is_padded() {
        let found = all("Nov  2 2026");
        assert!(found.iter().any(|reading| matches!(reading, TimeReading::Civil(parts) if parts.day == Some(2) && parts.year == Some(2026))));
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
