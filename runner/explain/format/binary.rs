//! Bytes without a structure that is known: strings first, then numbers of four and eight bytes.

use std::collections::BTreeSet;
use std::io;

use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::clue::scene::Scene;
use crate::clue::verdict::Verdict;
use crate::clue::verdict::unknown;
use crate::content::View;
use crate::differ::align::{self, Change};
use crate::differ::bytes::{self, Difference};
use crate::differ::strings::{self, Text};
use crate::excerpt;
use crate::spot::{Draft, Spot};
use crate::walk::Walk;

/// Bytes shown and searched around a difference.
const AROUND: u64 = 8;
/// Differing ranges looked at in one content.
const RANGES: usize = 64;

/// Explains two contents that differ, first at `offset`, by what their bytes show.
pub fn explain(
    walk: &mut Walk<'_>,
    spot: &Spot,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    // A large content is looked at from its first difference on.
    let start = if a.size().max(b.size()) > walk.limits.loaded as u64 {
        offset.saturating_sub(64)
    } else {
        0
    };
    let (bytes_a, bytes_b) = (
        a.bytes(start, walk.limits.loaded)?,
        b.bytes(start, walk.limits.loaded)?,
    );
    let end = start.saturating_add(walk.limits.loaded as u64);
    if a.size().max(b.size()) > end {
        walk.skip(
            spot,
            format!("only the bytes from {start} to {end} were looked at"),
        );
    }
    let part = Part {
        scene: Scene::Binary,
        name: "",
        origin: start,
    };
    explain_bytes(walk, spot, &part, &bytes_a, &bytes_b);
    Ok(())
}

/// A part of a content, such as a section.
pub struct Part<'p> {
    /// What it holds.
    pub scene: Scene,
    /// Its name, or nothing.
    pub name: &'p str,
    /// Where it starts.
    pub origin: u64,
}

/// Explains two rows of bytes that differ.
pub fn explain_bytes(walk: &mut Walk<'_>, spot: &Spot, part: &Part<'_>, a: &[u8], b: &[u8]) {
    let before = walk.count();
    explain_strings(walk, spot, part, a, b);
    explain_numbers(walk, spot, part, a, b);
    if walk.count() == before
        && let Some(first) = bytes::ranges(a, b, 1).first()
    {
        raw(walk, spot, part, a, b, first);
    }
}

/// Explains numbers that are times of both runs.
pub fn explain_numbers(walk: &mut Walk<'_>, spot: &Spot, part: &Part<'_>, a: &[u8], b: &[u8]) {
    for difference in bytes::ranges(a, b, RANGES) {
        if let Some(draft) = number(walk, part, a, b, &difference) {
            walk.add(spot, draft);
        }
    }
}

/// Explains the printable strings in which two rows of bytes differ.
pub fn explain_strings(walk: &mut Walk<'_>, spot: &Spot, part: &Part<'_>, a: &[u8], b: &[u8]) {
    let most = walk.limits.members;
    let (texts_a, texts_b) = (strings::all(a, most), strings::all(b, most));
    let views_a: Vec<_> = texts_a.iter().map(|text| text.bytes).collect();
    let views_b: Vec<_> = texts_b.iter().map(|text| text.bytes).collect();
    for (a, b) in changed(&views_a, &views_b, walk.limits.judged) {
        text(walk, spot, part, texts_a[a], texts_b[b]);
    }
}

/// Which text became which. One that both sides have has only moved: a linker sorts the strings that it
/// merges by their hashes, so that one other string puts all into another order.
fn changed(a: &[&[u8]], b: &[&[u8]], most: usize) -> Vec<(usize, usize)> {
    let (known_a, known_b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    let (mut pairs, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
    for change in align::changes(a, b, most) {
        let Change {
            a: Some(one),
            b: Some(other),
        } = change
        else {
            continue;
        };
        match (known_b.contains(&a[one]), known_a.contains(&b[other])) {
            (false, false) => pairs.push((one, other)),
            (false, true) => left.push(one),
            (true, false) => right.push(other),
            (true, true) => {}
        }
    }
    pairs.extend(left.into_iter().zip(right));
    pairs
}

fn text(walk: &mut Walk<'_>, spot: &Spot, part: &Part<'_>, a: Text<'_>, b: Text<'_>) {
    for judged in walk.judge.lines(part.scene, a.bytes, b.bytes) {
        if is_noise(part.scene, a.bytes, &judged.verdict) {
            continue;
        }
        let draft = Draft {
            detail: detail(part, "string"),
            offset: Some(part.origin + (a.offset + judged.a.start) as u64),
            left: excerpt::around(a.bytes, &judged.a),
            right: excerpt::around(b.bytes, &judged.b),
            verdict: judged.verdict,
            context: a.bytes,
        };
        walk.add(spot, draft);
    }
}

/// Machine code and compressed data are full of short strings that are none: there only what is
/// known counts, or what is long enough to have been written.
fn is_noise(scene: Scene, text: &[u8], verdict: &Verdict) -> bool {
    let guess = verdict.certainty == Certainty::Guess;
    verdict.cause.is_nameless() || (scene == Scene::Binary && guess && text.len() < 12)
}

fn detail(part: &Part<'_>, what: &str) -> String {
    if part.name.is_empty() {
        format!("{what} in binary data")
    } else {
        format!("{what} in {}", part.name)
    }
}

/// A time as a number: 4 or 8 bytes, either way round, at any place that touches the difference.
fn number(
    walk: &Walk<'_>,
    part: &Part<'_>,
    a: &[u8],
    b: &[u8],
    at: &Difference,
) -> Option<Draft<'static>> {
    let (start_a, start_b) = (
        usize::try_from(at.a.start).ok()?,
        usize::try_from(at.b.start).ok()?,
    );
    (0..8).find_map(|back| {
        let (from_a, from_b) = (start_a.checked_sub(back)?, start_b.checked_sub(back)?);
        let pairs = numbers(a.get(from_a..)?)
            .into_iter()
            .zip(numbers(b.get(from_b..)?));
        let mut pairs = pairs
            .filter_map(|(left, right)| Some((left?, right?)))
            .filter(|(left, right)| left != right);
        pairs.find_map(|(left, right)| time(walk, part, from_a, left, right))
    })
}

fn time(
    walk: &Walk<'_>,
    part: &Part<'_>,
    at: usize,
    left: i64,
    right: i64,
) -> Option<Draft<'static>> {
    let verdict = walk.judge.times(Cause::TimeInBinary, left, right);
    (verdict.certainty == Certainty::Known).then(|| Draft {
        detail: detail(part, "number"),
        offset: Some(part.origin + at as u64),
        left: left.to_string(),
        right: right.to_string(),
        verdict,
        context: &[],
    })
}

/// The numbers these bytes start with: 32 bits little and big endian, then 64.
fn numbers(bytes: &[u8]) -> [Option<i64>; 4] {
    let four = bytes.first_chunk::<4>();
    let eight = bytes.first_chunk::<8>();
    [
        four.map(|bytes| i64::from(u32::from_le_bytes(*bytes))),
        four.map(|bytes| i64::from(u32::from_be_bytes(*bytes))),
        eight.map(|bytes| i64::from_le_bytes(*bytes)),
        eight.map(|bytes| i64::from_be_bytes(*bytes)),
    ]
}

fn raw(walk: &mut Walk<'_>, spot: &Spot, part: &Part<'_>, a: &[u8], b: &[u8], at: &Difference) {
    let cut = |bytes: &[u8], start: u64| {
        let start = usize::try_from(start)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start
            .saturating_add(2 * usize::try_from(AROUND).unwrap_or(8))
            .min(bytes.len());
        if start == end {
            "(ends here)".to_owned()
        } else {
            excerpt::hex(&bytes[start..end])
        }
    };
    let draft = Draft {
        detail: if part.name.is_empty() {
            "bytes".to_owned()
        } else {
            part.name.to_owned()
        },
        offset: Some(part.origin + at.a.start),
        left: cut(a, at.a.start),
        right: cut(b, at.b.start),
        verdict: unknown(Cause::Content),
        context: &[],
    };
    walk.add(spot, draft);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_only_moved_is_not_what_another_became() {
        let (path_a, path_b): (&[u8], &[u8]) = (b"/tmp/a/work", b"/tmp/rather/longer/b/work");
        let (tool, main): (&[u8], &[u8]) = (b"GNU C17 12.2.0 -g", b"main");
        let found = |a: &[&[u8]], b: &[&[u8]]| changed(a, b, 100);
        assert_eq!(found(&[path_a, tool], &[path_b, tool]), [(0, 0)]);
        assert_eq!(found(&[tool, main], &[main, tool]), []);
        // Wherever the linker puts them, the path became the other path or nothing.
        for (a, b) in [
            ([path_a, main, tool], [tool, main, path_b]),
            ([tool, path_a, main], [path_b, main, tool]),
            ([main, path_a, tool], [main, tool, path_b]),
            ([path_a, tool, main], [tool, path_b, main]),
        ] {
            for (one, other) in found(&a, &b) {
                assert_eq!((a[one], b[other]), (path_a, path_b));
            }
        }
    }
}
