//! What a stranger sends, with an end to it: so many bytes, for so long, and never too slowly.

use std::io::{self, Read};
use std::time::Instant;

use super::canceller::Canceller;
use super::settings::Limits;

/// Why reading was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GivenUp {
    /// More bytes than may be.
    #[error("more than {0} bytes came")]
    TooLong(u64),
    /// Too few bytes for a while.
    #[error("{bytes} bytes came in {seconds} s")]
    TooSlow {
        /// How many.
        bytes: u64,
        /// In which time.
        seconds: u64,
    },
    /// It went on for too long altogether.
    #[error("it went on for more than {0} s")]
    TooLate(u64),
    /// The user asked to stop.
    #[error("interrupted")]
    Cancelled,
}

/// Counts what comes, and how fast.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    begun: Instant,
    /// When the present span of time began, and how much came in it.
    span: (Instant, u64),
    total: u64,
}

/// A body that is read under limits.
pub(crate) struct Limited<R> {
    body: R,
    meter: Meter,
    canceller: Option<Canceller>,
}

impl Meter {
    /// Counts from now on.
    pub(crate) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            limits,
            begun: now,
            span: (now, 0),
            total: 0,
        }
    }

    /// The same for the last one of several answers, the first of which was asked for at that time.
    fn since(begun: Instant, limits: Limits) -> Self {
        let meter = Self::new(limits);
        Self { begun, ..meter }
    }

    /// Whether so many bytes more may have come by now.
    pub(crate) fn check(&mut self, count: u64, now: Instant) -> Result<(), GivenUp> {
        self.total = self.total.saturating_add(count);
        self.span.1 = self.span.1.saturating_add(count);
        if self.total > self.limits.largest {
            return Err(GivenUp::TooLong(self.limits.largest));
        }
        if now.duration_since(self.begun) > self.limits.longest {
            return Err(GivenUp::TooLate(self.limits.longest.as_secs()));
        }
        let (since, bytes) = self.span;
        let passed = now.duration_since(since);
        if passed >= self.limits.span {
            // Whole seconds of the span are enough: a slow sender is slow by a wide margin.
            let expected = self.limits.slowest.saturating_mul(passed.as_secs());
            if bytes < expected {
                let seconds = passed.as_secs();
                return Err(GivenUp::TooSlow { bytes, seconds });
            }
            self.span = (now, 0);
        }
        Ok(())
    }
}

impl<R: Read> Limited<R> {
    /// Reads on from here, of what was asked for at that time.
    pub(crate) fn new(
        body: R,
        limits: Limits,
        begun: Instant,
        canceller: Option<Canceller>,
    ) -> Self {
        Self {
            body,
            meter: Meter::since(begun, limits),
            canceller,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.canceller.as_ref().is_some_and(Canceller::is_cancelled) {
            return Err(io::Error::other(GivenUp::Cancelled));
        }
        let count = self.body.read(buffer)?;
        if count > 0 {
            let checked = self.meter.check(count as u64, Instant::now());
            checked.map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn meter() -> Meter {
        let limits = Limits {
            largest: 1 << 20,
            slowest: 1000,
            span: Duration::from_secs(30),
            longest: Duration::from_hours(1),
        };
        Meter::new(limits)
    }

    #[test]
    fn one_byte_a_second_is_too_slow() {
        let mut meter = meter();
        let begun = meter.begun;
        let at = |second: u64| begun + Duration::from_secs(second);
        for second in 0..30 {
            assert_eq!(meter.check(1, at(second)), Ok(()));
        }
        let slow = GivenUp::TooSlow {
            bytes: 31,
            seconds: 30,
        };
        assert_eq!(meter.check(1, at(30)), Err(slow));
    }

    #[test]
    fn each_span_is_judged_by_itself() {
        let mut meter = meter();
        let begun = meter.begun;
        let at = |second: u64| begun + Duration::from_secs(second);
        assert_eq!(meter.check(500_000, at(30)), Ok(()));
        // What came before does not make up for what does not come now.
        assert!(matches!(
            meter.check(1, at(61)),
            Err(GivenUp::TooSlow { bytes: 1, .. })
        ));
    }

    #[test]
    fn bytes_and_time_have_an_end() {
        let mut meter = meter();
        let begun = meter.begun;
        assert_eq!(meter.check(1 << 20, begun), Ok(()));
        assert_eq!(meter.check(1, begun), Err(GivenUp::TooLong(1 << 20)));
        let mut meter = self::meter();
        let late = begun + Duration::from_secs(3601);
        assert_eq!(meter.check(1, late), Err(GivenUp::TooLate(3600)));
    }
}
