//! Text, line by line.

use std::io;
use std::ops::Range;

use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::content::View;
use crate::content_kind::ContentKind;
use crate::differ::align::{self, LineChange};
use crate::differ::lines::{self, Start};
use crate::evidence::attribution::unknown;
use crate::evidence::attribution::{Attribution, Classified};
use crate::evidence::context::TextContext;
use crate::evidence::order;
use crate::evidence::token::Run;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// The lines of both sides, from the first one that differs.
struct Lines<'l> {
    a: Vec<&'l [u8]>,
    b: Vec<&'l [u8]>,
    start: Start,
    /// Where each line of A begins.
    offsets: Vec<u64>,
}

/// Explains two texts that differ, first at `offset`.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    let most = walk.hold(walk.limits.loaded, a, b);
    let start = lines::start(a, offset)?;
    let (bytes_a, bytes_b) = (a.bytes(start.offset, most)?, b.bytes(start.offset, most)?);
    let ((a_lines, more_a), (b_lines, more_b)) = (lines::split(&bytes_a), lines::split(&bytes_b));
    let end = start.offset.saturating_add(most as u64);
    if more_a || more_b || a.size().max(b.size()) > end {
        walk.skip(
            location,
            format!(
                "the text was compared from line {} on, not to its end",
                start.line + 1
            ),
        );
    }
    let offsets = a_lines.iter().scan(start.offset, |next, line| {
        let here = *next;
        *next += line.len() as u64;
        Some(here)
    });
    let offsets = offsets.collect();
    let lines = Lines {
        a: a_lines,
        b: b_lines,
        start,
        offsets,
    };
    if order::is_order_only(&lines.a, &lines.b) {
        reordered(walk, location, &lines);
    } else if is_rewrapped(&bytes_a, &bytes_b) {
        rewrapped(walk, location, &lines);
    } else {
        changed(walk, location, &lines);
    }
    Ok(())
}

fn reordered(walk: &mut Walk<'_>, location: &Location, lines: &Lines<'_>) {
    let (Some(a), Some(b)) = (lines.a.first(), lines.b.first()) else {
        return;
    };
    let factors = order::suspects(walk.classifier.knowledge(), &lines.a, &lines.b);
    let draft = FindingDraft {
        detail: format!("line {}", lines.start.line + 1),
        offset: Some(lines.start.offset),
        left: excerpt::escape(trim(a)),
        right: excerpt::escape(trim(b)),
        attribution: Attribution::new(Cause::LineOrder, Certainty::OrderOnly, factors),
        context: a,
    };
    walk.add(location, draft);
}

/// Whether only the places differ at which lines end.
fn is_rewrapped(a: &[u8], b: &[u8]) -> bool {
    words(a).eq(words(b))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = text.split(u8::is_ascii_whitespace);
    words.filter(|word| !word.is_empty())
}

fn rewrapped(walk: &mut Walk<'_>, location: &Location, lines: &Lines<'_>) {
    let (Some(a), Some(b)) = (lines.a.first(), lines.b.first()) else {
        return;
    };
    let factors = [Factor::Columns, Factor::Locale];
    let factors = walk.classifier.knowledge().suspects(&factors);
    let certainty = Certainty::Normaliser("unwrap-lines".to_owned());
    let draft = FindingDraft {
        detail: format!("line {}", lines.start.line + 1),
        offset: Some(lines.start.offset),
        left: excerpt::escape(trim(a)),
        right: excerpt::escape(trim(b)),
        attribution: Attribution::new(Cause::TerminalWidth, certainty, factors),
        context: a,
    };
    walk.add(location, draft);
}

fn changed(walk: &mut Walk<'_>, location: &Location, lines: &Lines<'_>) {
    let context = match location.holder {
        Some(ContentKind::Pdf) => TextContext::Document,
        _ => TextContext::of_text(location.name()),
    };
    let changes = align::changes(&lines.a, &lines.b, walk.limits.classified);
    if changes.len() == walk.limits.classified {
        walk.skip(
            location,
            format!(
                "only the first {} differing lines were judged",
                changes.len()
            ),
        );
    }
    for change in changes {
        explain_change(walk, location, context, change, lines);
    }
}

fn explain_change(
    walk: &mut Walk<'_>,
    location: &Location,
    context: TextContext,
    change: LineChange,
    lines: &Lines<'_>,
) {
    let a = change.a.map(|at| trim(lines.a[at]));
    let b = change.b.map(|at| trim(lines.b[at]));
    match (a, b) {
        (Some(a), Some(b)) if a != b => {
            let at = change.a.unwrap_or(0);
            for classified in walk.classifier.lines(context, a, b) {
                walk.add(location, draft(&classified, a, b, lines, at));
            }
        }
        _ => one_sided(walk, location, change, lines.start.line, a, b),
    }
}

fn draft<'d>(
    classified: &Classified,
    a: &'d [u8],
    b: &[u8],
    lines: &Lines<'_>,
    line: usize,
) -> FindingDraft<'d> {
    let differs = |range: &Range<usize>, other: &Range<usize>| {
        let (left, right) = (&a[range.clone()], &b[other.clone()]);
        range.start + left.iter().zip(right).take_while(|(a, b)| a == b).count()
    };
    let at = differs(&classified.a, &classified.b);
    FindingDraft {
        detail: format!("line {}, column {}", lines.start.line + line + 1, at + 1),
        offset: lines.offsets.get(line).map(|start| start + at as u64),
        left: excerpt::around(a, &classified.a),
        right: excerpt::around(b, &classified.b),
        attribution: classified.attribution.clone(),
        context: a,
    }
}

/// A line one side lacks, or one that differs only in how it ends.
fn one_sided(
    walk: &mut Walk<'_>,
    location: &Location,
    change: LineChange,
    first: usize,
    a: Option<&[u8]>,
    b: Option<&[u8]>,
) {
    let show = |line: Option<&[u8]>| line.map_or("(no such line)".to_owned(), excerpt::escape);
    let at = change.a.or(change.b).unwrap_or(0);
    let text = a.or(b).unwrap_or_default();
    let run = if a.is_some() { Run::A } else { Run::B };
    let attribution = walk
        .classifier
        .alone(text, run)
        .unwrap_or_else(|| unknown(Cause::Content));
    let draft = FindingDraft {
        detail: format!("line {}", first + at + 1),
        offset: None,
        left: show(a),
        right: show(b),
        attribution,
        context: text,
    };
    walk.add(location, draft);
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
