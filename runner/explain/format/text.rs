//! Text, line by line.

use std::io;
use std::ops::Range;

use super::kind::Kind;
use crate::cause::Cause;
use crate::clue::judge::{Judged, Verdict};
use crate::clue::order;
use crate::clue::scene::Scene;
use crate::clue::token::Run;
use crate::content::View;
use crate::differ::align::{self, Change};
use crate::excerpt;
use crate::finding::Certainty;
use crate::walk::{Draft, Spot, Walk, unknown};

/// Explains two texts.
pub fn explain(walk: &mut Walk<'_>, spot: &Spot, a: &View<'_>, b: &View<'_>) -> io::Result<()> {
    let (bytes_a, bytes_b) = (
        a.bytes(0, walk.limits.loaded)?,
        b.bytes(0, walk.limits.loaded)?,
    );
    if (bytes_a.len() as u64, bytes_b.len() as u64) != (a.size(), b.size()) {
        walk.skip(
            spot,
            format!(
                "only the first {} bytes of the text were compared",
                walk.limits.loaded
            ),
        );
    }
    let (lines_a, lines_b) = (lines(&bytes_a), lines(&bytes_b));
    if order::is_order_only(&lines_a, &lines_b) {
        reordered(walk, spot, &lines_a, &lines_b);
        return Ok(());
    }
    let scene = match spot.holder {
        Some(Kind::Pdf) => Scene::Document,
        _ => Scene::of_text(spot.name()),
    };
    let changes = align::changes(&lines_a, &lines_b, walk.limits.judged);
    if changes.len() == walk.limits.judged {
        walk.skip(
            spot,
            format!(
                "only the first {} differing lines were judged",
                walk.limits.judged
            ),
        );
    }
    for change in changes {
        explain_change(
            walk,
            spot,
            scene,
            change,
            &Both {
                a: &lines_a,
                b: &lines_b,
            },
        );
    }
    Ok(())
}

/// The lines of both sides.
struct Both<'l> {
    a: &'l [&'l [u8]],
    b: &'l [&'l [u8]],
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn reordered(walk: &mut Walk<'_>, spot: &Spot, a: &[&[u8]], b: &[&[u8]]) {
    let first = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let factors = order::suspects(walk.judge.knowledge(), a, b);
    let draft = Draft {
        detail: format!("line {}", first + 1),
        offset: Some(offset(a, first)),
        left: excerpt::escape(trim(a[first])),
        right: excerpt::escape(trim(b[first])),
        verdict: Verdict::new(Cause::LineOrder, Certainty::OrderOnly, factors),
        context: a[first],
    };
    walk.add(spot, draft);
}

fn explain_change(walk: &mut Walk<'_>, spot: &Spot, scene: Scene, change: Change, both: &Both<'_>) {
    let line = |lines: &'_ [&'_ [u8]], at: Option<usize>| at.map(|at| trim(lines[at]).to_vec());
    let (a, b) = (line(both.a, change.a), line(both.b, change.b));
    match (&a, &b) {
        (Some(a), Some(b)) if a != b => {
            let at = change.a.unwrap_or(0);
            for judged in walk.judge.lines(scene, a, b) {
                walk.add(spot, draft(&judged, a, b, at, offset(both.a, at)));
            }
        }
        _ => one_sided(walk, spot, change, a.as_deref(), b.as_deref()),
    }
}

fn draft<'d>(judged: &Judged, a: &'d [u8], b: &[u8], line: usize, start: u64) -> Draft<'d> {
    let differs = |range: &Range<usize>, other: &Range<usize>| {
        let (left, right) = (&a[range.clone()], &b[other.clone()]);
        range.start + left.iter().zip(right).take_while(|(a, b)| a == b).count()
    };
    let at = differs(&judged.a, &judged.b);
    Draft {
        detail: format!("line {}, column {}", line + 1, at + 1),
        offset: Some(start + at as u64),
        left: excerpt::around(a, &judged.a),
        right: excerpt::around(b, &judged.b),
        verdict: judged.verdict.clone(),
        context: a,
    }
}

/// A line one side lacks, or one that differs only in how it ends.
fn one_sided(walk: &mut Walk<'_>, spot: &Spot, change: Change, a: Option<&[u8]>, b: Option<&[u8]>) {
    let show = |line: Option<&[u8]>| line.map_or("(no such line)".to_owned(), excerpt::escape);
    let at = change.a.or(change.b).unwrap_or(0);
    let text = a.or(b).unwrap_or_default();
    let run = if a.is_some() { Run::A } else { Run::B };
    let verdict = walk
        .judge
        .alone(text, run)
        .unwrap_or_else(|| unknown(Cause::Content));
    let draft = Draft {
        detail: format!("line {}", at + 1),
        offset: None,
        left: show(a),
        right: show(b),
        verdict,
        context: text,
    };
    walk.add(spot, draft);
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

fn offset(lines: &[&[u8]], at: usize) -> u64 {
    lines[..at].iter().map(|line| line.len() as u64).sum()
}
