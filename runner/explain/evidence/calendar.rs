//! The words of the calendar that tools write whatever the locale is: English.

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

/// The month a word names, in full or by its first three letters.
pub fn month(word: &[u8]) -> Option<i64> {
    let at = MONTHS.iter().position(|name| names(word, name))?;
    i64::try_from(at + 1).ok()
}

/// Whether a word names a day of the week.
pub fn is_weekday(word: &[u8]) -> bool {
    DAYS.iter().any(|name| names(word, name))
}

fn names(word: &[u8], name: &str) -> bool {
    let sept = word.len() == 4 && name == "september" && word.eq_ignore_ascii_case(b"sept");
    let short = word.len() == 3 && name.as_bytes()[..3].eq_ignore_ascii_case(word);
    sept || short || word.eq_ignore_ascii_case(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days() {
        assert_eq!(month(b"Nov"), Some(11));
        assert_eq!(month(b"MAY"), Some(5));
        assert_eq!(month(b"Nove"), None);
        assert!(is_weekday(b"Sun"));
        assert!(!is_weekday(b"Su"));
    }
}
