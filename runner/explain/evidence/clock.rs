//! Does a reading fit the clocks of both runs?

use super::reading::TimeReading;
use crate::evidence::parts::Parts;
use crate::knowledge::{Knowledge, RunFacts, TimeSpan};
use zwieback_model::civil::{Civil, DAY};
use zwieback_model::variation::factor::Factor;

/// Seconds a written time may lie outside the known span: zip rounds to 2 s, tools round up.
const SLACK: i64 = 3;
/// Steps tried in one span; a build of days is then looked at in larger steps.
const STEPS: i64 = 20_000;

/// The factors whose clock is read on side A by one of `a` and on side B by one of `b`.
pub fn factors(knowledge: &Knowledge, a: &[TimeReading], b: &[TimeReading]) -> Vec<Factor> {
    let known = |factor, a: Option<TimeSpan>, b: Option<TimeSpan>| Some((factor, a?, b?));
    let (run_a, run_b) = (&knowledge.a, &knowledge.b);
    let clocks = [
        known(Factor::Clock, run_a.clock, run_b.clock),
        known(Factor::CreatedMtime, run_a.created, run_b.created),
        known(Factor::SourceMtime, sources(run_a), sources(run_b)),
    ];
    let clocks = clocks.into_iter().flatten();
    let matching = clocks.filter(|(_, span_a, span_b)| {
        // Each is held against its clock once: there may be many in one line.
        let fitting: Vec<_> = a.iter().filter(|a| fits(a, *span_a, run_a)).collect();
        let is_one = |b: &&TimeReading| fitting.iter().any(|a| shape(a) == shape(b));
        b.iter().filter(is_one).any(|b| fits(b, *span_b, run_b))
    });
    matching.map(|(factor, ..)| factor).collect()
}

/// Whether both sides write the same known moment, each in its own time zone.
pub fn is_zoned(knowledge: &Knowledge, a: &[TimeReading], b: &[TimeReading]) -> bool {
    let (Some(east_a), Some(east_b)) = (knowledge.a.utc_offset, knowledge.b.utc_offset) else {
        return false;
    };
    let both = |of: fn(&RunFacts) -> Option<i64>| {
        of(&knowledge.a).filter(|at| of(&knowledge.b) == Some(*at))
    };
    let moments = [
        both(|facts| facts.source_date_epoch),
        both(|facts| facts.source_mtime),
    ];
    east_a != east_b
        && moments.into_iter().flatten().any(|moment| {
            pairs(a, b).any(|(a, b)| {
                shows(a, moment.saturating_add(east_a)) && shows(b, moment.saturating_add(east_b))
            })
        })
}

/// Whether both sides could be times between 1980 and 2100, where the clocks are not known.
pub fn is_plausible(knowledge: &Knowledge, a: &[TimeReading], b: &[TimeReading]) -> bool {
    // Where both clocks are known, a bare number that fits neither is some other number.
    let clocks_known = knowledge.a.clock.is_some() && knowledge.b.clock.is_some();
    let counts = |reading: &TimeReading| matches!(reading, TimeReading::Civil(_)) || !clocks_known;
    pairs(a, b).any(|(a, b)| counts(a) && is_modern(a) && is_modern(b))
}

/// Readings written in the same way on both sides.
fn pairs<'r>(
    a: &'r [TimeReading],
    b: &'r [TimeReading],
) -> impl Iterator<Item = (&'r TimeReading, &'r TimeReading)> {
    a.iter().flat_map(move |a| {
        b.iter()
            .filter(move |b| shape(a) == shape(b))
            .map(move |b| (a, b))
    })
}

fn shape(reading: &TimeReading) -> Option<[bool; 6]> {
    match reading {
        TimeReading::Unix(_) => None,
        TimeReading::Hexadecimal(_) => Some([false; 6]),
        TimeReading::Civil(parts) => Some(fields(parts).map(|field| field.is_some())),
    }
}

fn fields(parts: &Parts) -> [Option<i64>; 6] {
    [
        parts.year,
        parts.month,
        parts.day,
        parts.hour,
        parts.minute,
        parts.second,
    ]
}

fn sources(facts: &RunFacts) -> Option<TimeSpan> {
    facts.source_mtime.map(|at| TimeSpan { start: at, end: at })
}

fn fits(reading: &TimeReading, span: TimeSpan, facts: &RunFacts) -> bool {
    let (start, end) = (
        span.start.saturating_sub(SLACK),
        span.end.saturating_add(SLACK),
    );
    let zones = [Some(0), facts.utc_offset.filter(|offset| *offset != 0)];
    zones.into_iter().flatten().any(|east| {
        let (start, end) = (start.saturating_add(east), end.saturating_add(east));
        match reading {
            // Seconds that were made from local parts (DOS time) carry the zone in them.
            TimeReading::Unix(at) | TimeReading::Hexadecimal(at) => (start..=end).contains(at),
            TimeReading::Civil(parts) => civil_fits(parts, start, end),
        }
    })
}

fn civil_fits(parts: &Parts, start: i64, end: i64) -> bool {
    if let (Some(year), Some(month), Some(day)) = (parts.year, parts.month, parts.day) {
        return dated_fits(parts, (year, month, day), start, end);
    }
    if let (None, None, None, Some(hour)) = (parts.year, parts.month, parts.day, parts.hour) {
        return hours(hour).any(|hour| daily_fits(parts, hour, start, end));
    }
    let grain = grain(parts);
    let step = grain.max(end.saturating_sub(start) / STEPS).max(1);
    let moments = (0..=STEPS).map(|n| start.saturating_add(n.saturating_mul(step)));
    let inside = moments.take_while(|at| *at <= end);
    inside
        .chain([end])
        .any(|at| agrees(parts, &Civil::from_unix(at)))
}

/// The hours of a day that are written so: one of the afternoon may be written as one of the morning.
fn hours(hour: i64) -> impl Iterator<Item = i64> {
    let twelve = (1..=12).contains(&hour);
    let halves = [hour % 12, hour % 12 + 12].map(|hour| twelve.then_some(hour));
    halves.into_iter().flatten().chain([hour])
}

/// A time of day without a date is one moment of each day.
fn daily_fits(parts: &Parts, hour: i64, start: i64, end: i64) -> bool {
    let second = hour * 3600 + parts.minute.unwrap_or(0) * 60 + parts.second.unwrap_or(0);
    let today = start.saturating_sub(start.rem_euclid(DAY));
    [-DAY, 0, DAY].into_iter().any(|day| {
        let at = today.saturating_add(day).saturating_add(second);
        at <= end && start < at.saturating_add(grain(parts))
    })
}

/// A whole date is one moment, or two where the hour may be one of the afternoon.
fn dated_fits(parts: &Parts, (year, month, day): (i64, i64, i64), start: i64, end: i64) -> bool {
    let hour = parts.hour.unwrap_or(0);
    let civil = Civil {
        year,
        month,
        day,
        hour,
        minute: parts.minute.unwrap_or(0),
        second: parts.second.unwrap_or(0),
    };
    let first = civil.to_unix();
    let afternoon = (1..=12).contains(&hour).then(|| first + DAY / 2);
    let mut moments = [Some(first), afternoon].into_iter().flatten();
    moments.any(|at| at <= end && start < at + grain(parts))
}

/// The longest time that cannot skip over what is written.
fn grain(parts: &Parts) -> i64 {
    match parts {
        Parts {
            second: Some(_), ..
        } => 1,
        Parts {
            minute: Some(_), ..
        } => 60,
        Parts { hour: Some(_), .. } => 3600,
        _ => DAY,
    }
}

fn agrees(parts: &Parts, civil: &Civil) -> bool {
    let is = |part: Option<i64>, value: i64| part.is_none_or(|part| part == value);
    is(parts.year, civil.year)
        && is(parts.month, civil.month)
        && is(parts.day, civil.day)
        && (is(parts.hour, civil.hour) || is(parts.hour, (civil.hour + 11) % 12 + 1))
        && is(parts.minute, civil.minute)
        && is(parts.second, civil.second)
}

fn shows(reading: &TimeReading, local: i64) -> bool {
    match reading {
        TimeReading::Unix(at) | TimeReading::Hexadecimal(at) => *at == local,
        TimeReading::Civil(parts) => {
            parts.day.or(parts.hour).is_some() && agrees(parts, &Civil::from_unix(local))
        }
    }
}

fn is_modern(reading: &TimeReading) -> bool {
    match reading {
        TimeReading::Hexadecimal(_) => false,
        TimeReading::Unix(at) => (631_152_000..4_102_444_800).contains(at),
        TimeReading::Civil(parts) => match (parts.year, parts.day, parts.hour) {
            (Some(year), Some(_), _) => (1980..2100).contains(&year),
            (None, _, Some(_)) => parts.minute.is_some(),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::reading::readings;

    fn knowledge() -> Knowledge {
        let facts = |start| RunFacts {
            clock: Some(TimeSpan {
                start,
                end: start + 5,
            }),
            created: Some(TimeSpan {
                start: 1_795_360_848,
                end: 1_795_360_858,
            }),
            ..RunFacts::default()
        };
        Knowledge {
            a: facts(1_795_360_848),
            b: facts(1_829_946_845),
            varied: None,
            ..Knowledge::default()
        }
    }

    fn classified(a: &str, b: &str) -> Vec<Factor> {
        let read = |text: &str| readings(text.as_bytes(), &(0..text.len()));
        factors(&knowledge(), &read(a), &read(b))
    }

    #[test]
    fn the_clock_is_told_from_the_time_of_creation() {
        assert_eq!(classified("1795360850", "1829946847"), [Factor::Clock]);
        assert_eq!(
            classified("1795360850", "1795360855"),
            [Factor::CreatedMtime]
        );
        assert_eq!(classified("1795360850", "1700000000"), []);
        assert_eq!(classified("2026", "2027"), [Factor::Clock]);
        assert_eq!(classified("Nov 22 2026", "Dec 27 2027"), [Factor::Clock]);
        assert_eq!(classified("15:20:49", "22:34:06"), [Factor::Clock]);
        assert_eq!(classified("15:20:49", "22:35:06"), []);
    }

    #[test]
    fn a_time_of_day_needs_no_walk_through_the_days_of_a_build() {
        let start = 1_795_360_848;
        let span = TimeSpan {
            start,
            end: start + 30 * DAY,
        };
        let facts = RunFacts {
            clock: Some(span),
            ..RunFacts::default()
        };
        let knowledge = Knowledge {
            a: facts.clone(),
            b: facts,
            varied: None,
            ..Knowledge::default()
        };
        let read = |text: &str| readings(text.as_bytes(), &(0..text.len()));
        // Whichever second it is: none lies between two steps.
        for second in 10..60 {
            let (a, b) = (format!("03:17:{second}"), format!("3:18:{second} pm"));
            assert_eq!(
                factors(&knowledge, &read(&a), &read(&b)),
                [Factor::Clock],
                "{a} {b}"
            );
        }
    }

    #[test]
    fn a_moment_in_two_zones_is_the_zones_doing() {
        let mut knowledge = knowledge();
        knowledge.a.source_date_epoch = Some(1_700_000_000);
        knowledge.b.source_date_epoch = Some(1_700_000_000);
        knowledge.a.utc_offset = Some(0);
        knowledge.b.utc_offset = Some(14 * 3600);
        let read = |text: &str| readings(text.as_bytes(), &(0..text.len()));
        assert!(is_zoned(
            &knowledge,
            &read("2023-11-14 22:13:20"),
            &read("2023-11-15 12:13:20")
        ));
        assert!(!is_zoned(
            &knowledge,
            &read("2023-11-14 22:13:20"),
            &read("2023-11-15 12:13:21")
        ));
    }
}
