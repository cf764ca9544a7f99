//! Seconds since 1970 as a date and back, in the proleptic Gregorian calendar.

/// The seconds of a day.
pub const DAY: i64 = 86_400;

/// A date with a time of day, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
}

impl Civil {
    /// The start of a day.
    pub const fn midnight(year: i64, month: i64, day: i64) -> Self {
        Self {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
        }
    }

    /// The date of a number of seconds since 1970.
    pub fn from_unix(seconds: i64) -> Self {
        let (days, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = date(days);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }

    /// The seconds since 1970 of this date. Parts out of range are carried over.
    pub fn to_unix(self) -> i64 {
        days(self.year, self.month, self.day) * DAY
            + self.hour * 3600
            + self.minute * 60
            + self.second
    }
}

// Years are counted from March, so that the leap day is the last of its year: then the day of
// the year follows from the month by one linear formula, (153 m + 2) / 5.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_known_date() {
        let civil = Civil::from_unix(1_795_360_848);
        let date = (civil.year, civil.month, civil.day);
        assert_eq!(date, (2026, 11, 22));
        assert_eq!((civil.hour, civil.minute, civil.second), (15, 20, 48));
    }

    proptest! {
        #[test]
        fn there_and_back(seconds in -200_000_000_000_i64..200_000_000_000) {
            prop_assert_eq!(Civil::from_unix(seconds).to_unix(), seconds);
        }

        #[test]
        fn any_second_has_a_date(seconds: i64) {
            let _civil = Civil::from_unix(seconds);
        }
    }
}
