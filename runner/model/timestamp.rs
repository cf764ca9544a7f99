//! A moment in UTC, to the second, as RFC 3339 writes it.

use std::fmt;
use std::str::FromStr;

use crate::civil::Civil;
use crate::{read_from_text, write_as_text};

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
        let (earliest, latest) = (Civil::midnight(0, 1, 1), Civil::midnight(10_000, 1, 1));
        if (earliest.to_unix()..latest.to_unix()).contains(&seconds) {
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
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = Civil::from_unix(self.0);
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
    let civil = Civil {
        year: field(0, 4)?,
        month: field(5, 7)?,
        day: field(8, 10)?,
        hour: field(11, 13)?,
        minute: field(14, 16)?,
        second: field(17, 19)?,
    };
    let seconds = civil.to_unix();
    // What is carried over, such as 30 February, is not in the calendar.
    if Civil::from_unix(seconds) != civil {
        return None;
    }
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
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-12-31T23:59:60Z",
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
