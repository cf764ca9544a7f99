//! Sizes, times and counts in words.

/// A size in decimal units, as downloads are measured.
pub fn bytes(count: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", count / unit, count % unit * 10 / unit),
        None => format!("{count} B"),
    }
}

/// A time with one decimal.
pub fn seconds(milliseconds: u64) -> String {
    if milliseconds < 100 {
        return format!("{milliseconds}ms");
    }
    format!("{}.{}s", milliseconds / 1000, milliseconds % 1000 / 100)
}

/// A count and its noun.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(bytes(72_412_345), "72.4 MB");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(seconds(6_149), "6.1s");
        assert_eq!(seconds(14), "14ms");
        assert_eq!(counted(1, "source"), "1 source");
    }
}
