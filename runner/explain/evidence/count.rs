//! Numbers that lie within what is known of each run: process ids, uptime, lengths of paths.

use super::context::TextContext;
use super::naming::{cause_of, mentions};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::evidence::attribution::Attribution;
use crate::knowledge::{Knowledge, TimeSpan, Word};
use zwieback_model::variation::factor::Factor;

/// Two numbers in the same place of a line.
pub struct Numbers<'l> {
    /// The line, as run A has it.
    pub line: &'l [u8],
    /// What the line is part of.
    pub context: TextContext,
    /// The number in run A.
    pub a: i64,
    /// The number in run B.
    pub b: i64,
}

/// The attribution of two numbers, where something known of the runs has these values.
pub fn of(knowledge: &Knowledge, words: &[Word<'_>], numbers: &Numbers<'_>) -> Option<Attribution> {
    uptime(knowledge, numbers)
        .or_else(|| length(words, numbers))
        .or_else(|| pid(knowledge, numbers))
}

fn uptime(knowledge: &Knowledge, numbers: &Numbers<'_>) -> Option<Attribution> {
    let (in_a, in_b) = (knowledge.a.uptime?, knowledge.b.uptime?);
    let holds = |span: TimeSpan, value: i64| {
        (span.start.saturating_sub(1)..=span.end.saturating_add(1)).contains(&value)
    };
    let within = holds(in_a, numbers.a) && holds(in_b, numbers.b);
    let spoken = mentions(numbers.line, &["uptime", "boot", "since"]);
    let certainty = if spoken || numbers.a > 999 {
        Certainty::Known
    } else {
        Certainty::Guess
    };
    within.then(|| Attribution::new(Cause::Uptime, certainty, vec![Factor::Uptime]))
}

/// The length of a path of the run, or of a path below it by the same name.
fn length(words: &[Word<'_>], numbers: &Numbers<'_>) -> Option<Attribution> {
    let long = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let paths = words.iter().filter(|word| {
        matches!(
            word.factor,
            Factor::BuildPath | Factor::Home | Factor::Tmpdir
        )
    });
    let mut below = paths.filter_map(|word| {
        let rest = numbers.a.checked_sub(long(word.a))?;
        let same = numbers.b.checked_sub(long(word.b)) == Some(rest);
        (same && word.a.len() != word.b.len() && (0..200).contains(&rest))
            .then_some((rest, word.factor))
    });
    let (rest, factor) = below.next()?;
    // One more is the line's end, as `pwd | wc -c` counts it.
    let certainty = if rest <= 1 {
        Certainty::Known
    } else {
        Certainty::Guess
    };
    Some(Attribution::new(
        cause_of(factor, numbers.context),
        certainty,
        vec![factor],
    ))
}

fn pid(knowledge: &Knowledge, numbers: &Numbers<'_>) -> Option<Attribution> {
    let (in_a, in_b) = (knowledge.a.pids?, knowledge.b.pids?);
    let holds =
        |range: (u32, u32), value| (i64::from(range.0)..=i64::from(range.1)).contains(&value);
    let certainty = if mentions(numbers.line, &["pid", "proc"]) {
        Certainty::Known
    } else {
        Certainty::Guess
    };
    let within = holds(in_a, numbers.a) && holds(in_b, numbers.b);
    within.then(|| Attribution::new(Cause::ProcessId, certainty, vec![Factor::Pids]))
}
