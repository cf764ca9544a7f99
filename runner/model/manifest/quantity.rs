//! Sizes and times as people write them: `"512 MiB"`, `"10 min"`.

use std::fmt;
use std::str::FromStr;

use crate::{read_from_text, write_as_text};

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u64);

/// Text that is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: a whole number and a unit are expected, as in `{example}`")]
pub struct QuantityError {
    text: String,
    what: &'static str,
    example: &'static str,
}

/// Binary and decimal prefixes as IEC 80000-13 has them.
const SIZES: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

const TIMES: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

impl FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text, &SIZES).map(Self).ok_or_else(|| QuantityError {
            text: text.to_owned(),
            what: "a size",
            example: "512 MiB",
        })
    }
}

impl FromStr for Seconds {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text, &TIMES).map(Self).ok_or_else(|| QuantityError {
            text: text.to_owned(),
            what: "a time",
            example: "10 min",
        })
    }
}

impl fmt::Display for ByteSize {
    /// The largest unit that divides the size, so that reading it back gives the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_exact(f, self.0, &SIZES)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_exact(f, self.0, &TIMES)
    }
}

write_as_text!(ByteSize);
write_as_text!(Seconds);
read_from_text!(ByteSize);
read_from_text!(Seconds);

fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units
        .iter()
        .find(|(name, _)| *name == unit.trim_start_matches(' '))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn write_exact(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = |factor: u64| value.is_multiple_of(factor) && (value != 0 || factor == 1);
    let (unit, factor) = units
        .iter()
        .find(|(_, factor)| fits(*factor))
        .expect("the last unit is one");
    write!(f, "{} {unit}", value / factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_write_units() {
        assert_eq!("512 MiB".parse(), Ok(ByteSize(512 << 20)));
        assert_eq!("3GB".parse(), Ok(ByteSize(3_000_000_000)));
        assert_eq!("10 min".parse(), Ok(Seconds(600)));
    }

    #[test]
    fn bare_numbers_and_fractions_are_refused() {
        for bad in [
            "",
            "5",
            "1.5 GiB",
            "-1 B",
            "GiB",
            "1 gib",
            "99999999999 TiB",
        ] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn sizes_round_trip(value: u64) {
            prop_assert_eq!(ByteSize(value).to_string().parse(), Ok(ByteSize(value)));
            prop_assert_eq!(Seconds(value).to_string().parse(), Ok(Seconds(value)));
        }
    }
}
