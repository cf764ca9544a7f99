//! The parts of a date and a time of day.

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

/// The last number a token of digits could be, or nothing where it is too long.
pub fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
