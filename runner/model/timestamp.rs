//! A moment in UTC, to the second, as RFC 3339 writes it.

use std::fmt;
use std::str::FromStr;

use crate::{read_from_text, write_as_text};

const DAY: i64 = 86_400;
/// The clocks of those who sign and of those who read may differ by so many seconds.
pub const SKEW: i64 = 300;

/// Seconds since the start of 1970, between the years 0 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Text or a number that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time: RFC 3339 is expected, such as 2026-01-31T12:00:00Z")]
pub struct TimestampError(String);

impl Timestamp {
    /// The moment that many seconds after the start of 1970.
    pub fn from_unix(seconds: i64) -> Result<Self, TimestampError> {
        let (earliest, latest) = (days_before(0, 1) * DAY, days_before(10_000, 1) * DAY);
        if (earliest..latest).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(TimestampError(seconds.to_string()))
        }
    }

    /// Seconds since the start of 1970.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// The seconds from `earlier` to this moment, negative if it is the later one.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Whether this moment has not come yet, by more than clocks may differ.
    pub const fn is_ahead_of(self, now: Self) -> bool {
        self.seconds_since(now) > SKEW
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| TimestampError(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0.div_euclid(DAY));
        let second = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

write_as_text!(Timestamp);
read_from_text!(Timestamp);

/// A fraction of a second is cut off; any offset is taken.
fn parse(text: &str) -> Option<Timestamp> {
    let (stem, zone) = text.split_at_checked(19)?;
    let bytes = stem.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, byte)| bytes[*at] != *byte) {
        return None;
    }
    let field = |from, to| stem.get(from..to).and_then(number);
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let in_range = (1..=12).contains(&month)
        && (1..=month_length(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range {
        return None;
    }
    let days = days_before(year, month) + day - 1;
    let seconds = days * DAY + hour * 3600 + minute * 60 + second;
    Timestamp::from_unix(seconds - offset(zone)?).ok()
}

fn offset(zone: &str) -> Option<i64> {
    let zone = match zone.strip_prefix('.') {
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (rest.len() < fraction.len()).then_some(rest)?
        }
        None => zone,
    };
    if zone == "Z" {
        return Some(0);
    }
    let (sign, clock) = match zone.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let fits = hours.len() == 2 && minutes.len() == 2;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (fits && hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(digits: &str) -> Option<i64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the start of 1970 to the start of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let past = year - 1;
    let leaps = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    let in_year: i64 = (1..month).map(|month| month_length(year, month)).sum();
    // 719 162 days lie between the start of year 1 and that of 1970.
    past * 365 + leaps - 719_162 + in_year
}

fn date_of(days: i64) -> (i64, i64, i64) {
    // 400 years have 146 097 days; the guess is at most one year off.
    let mut year = 1970 + days * 400 / 146_097;
    while days_before(year, 1) > days {
        year -= 1;
    }
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    let month = (2..=12)
        .rev()
        .find(|month| days_before(year, *month) <= days);
    let month = month.unwrap_or(1);
    (year, month, days - days_before(year, month) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_763_819_416, "2025-11-22T13:50:16Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp(seconds).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(seconds)));
        }
    }

    #[test]
    fn offsets_and_fractions() {
        for text in [
            "1970-01-01T02:00:00+02:00",
            "1969-12-31T19:30:00-04:30",
            "1970-01-01T00:00:00.999Z",
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(0)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Zé",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        assert!(Timestamp::from_unix(i64::MAX).is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(seconds in -62_000_000_000_i64..253_000_000_000) {
            prop_assert_eq!(Timestamp(seconds).to_string().parse(), Ok(Timestamp(seconds)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9T:Z.+-]{0,30}|.{0,30}") {
            drop(text.parse::<Timestamp>());
        }
    }
}
