//! Bytes without a structure that is known: strings first, then numbers of four and eight bytes.

use std::collections::BTreeSet;
use std::io;

use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::content::View;
use crate::differ::align::{self, LineChange};
use crate::differ::bytes::{self, ByteDifference};
use crate::differ::strings::{self, PrintableString};
use crate::evidence::attribution::Attribution;
use crate::evidence::attribution::unknown;
use crate::evidence::context::TextContext;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;

/// Bytes shown and searched around a difference.
const AROUND: u64 = 8;
/// Differing ranges looked at in one content.
const RANGES: usize = 64;

/// Explains two contents that differ, first at `offset`, by what their bytes show.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    // A large content is looked at from its first difference on.
    let most = walk.hold(walk.limits.loaded, a, b);
    let start = if a.size().max(b.size()) > most as u64 {
        offset.saturating_sub(64)
    } else {
        0
    };
    let (bytes_a, bytes_b) = (a.bytes(start, most)?, b.bytes(start, most)?);
    let end = start.saturating_add(most as u64);
    if a.size().max(b.size()) > end {
        walk.skip(
            location,
            format!("only the bytes from {start} to {end} were looked at"),
        );
    }
    let part = Region {
        context: TextContext::Binary,
        name: "",
        origin: start,
    };
    explain_bytes(walk, location, &part, &bytes_a, &bytes_b);
    Ok(())
}

/// A part of a content, such as a section.
pub struct Region<'p> {
    /// What it holds.
    pub context: TextContext,
    /// Its name, or nothing.
    pub name: &'p str,
    /// Where it starts.
    pub origin: u64,
}

/// Explains two rows of bytes that differ.
pub fn explain_bytes(
    walk: &mut Walk<'_>,
    location: &Location,
    part: &Region<'_>,
    a: &[u8],
    b: &[u8],
) {
    let before = walk.count();
    explain_strings(walk, location, part, a, b);
    explain_numbers(walk, location, part, a, b);
    if walk.count() == before
        && let Some(first) = bytes::ranges(a, b, 1).first()
    {
        raw(walk, location, part, a, b, first);
    }
}

/// Explains numbers that are times of both runs.
pub fn explain_numbers(
    walk: &mut Walk<'_>,
    location: &Location,
    part: &Region<'_>,
    a: &[u8],
    b: &[u8],
) {
    for difference in bytes::ranges(a, b, RANGES) {
        if let Some(draft) = number(walk, part, a, b, &difference) {
            walk.add(location, draft);
        }
    }
}

/// Explains the printable strings in which two rows of bytes differ.
pub fn explain_strings(
    walk: &mut Walk<'_>,
    location: &Location,
    part: &Region<'_>,
    a: &[u8],
    b: &[u8],
) {
    let most = walk.limits.members;
    let (texts_a, texts_b) = (strings::all(a, most), strings::all(b, most));
    let views_a: Vec<_> = texts_a.iter().map(|text| text.bytes).collect();
    let views_b: Vec<_> = texts_b.iter().map(|text| text.bytes).collect();
    for (a, b) in changed(&views_a, &views_b, walk.limits.classified) {
        text(walk, location, part, texts_a[a], texts_b[b]);
    }
}

/// Which text became which. One that both sides have has only moved: a linker sorts the strings that it
/// merges by their hashes, so that one other string puts all into another order.
fn changed(a: &[&[u8]], b: &[&[u8]], most: usize) -> Vec<(usize, usize)> {
    let (known_a, known_b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    let (mut pairs, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
    for change in align::changes(a, b, most) {
        let LineChange {
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

fn text(
    walk: &mut Walk<'_>,
    location: &Location,
    part: &Region<'_>,
    a: PrintableString<'_>,
    b: PrintableString<'_>,
) {
    for classified in walk.classifier.lines(part.context, a.bytes, b.bytes) {
        if is_noise(part.context, a.bytes, &classified.attribution) {
            continue;
        }
        let draft = FindingDraft {
            detail: detail(part, "string"),
            offset: Some(part.origin + (a.offset + classified.a.start) as u64),
            left: excerpt::around(a.bytes, &classified.a),
            right: excerpt::around(b.bytes, &classified.b),
            attribution: classified.attribution,
            context: a.bytes,
        };
        walk.add(location, draft);
    }
}

/// Machine code and compressed data are full of short strings that are none: there only what is
/// known counts, or what is long enough to have been written.
fn is_noise(context: TextContext, text: &[u8], attribution: &Attribution) -> bool {
    let guess = attribution.certainty == Certainty::Guess;
    attribution.cause.is_nameless() || (context == TextContext::Binary && guess && text.len() < 12)
}

fn detail(part: &Region<'_>, what: &str) -> String {
    if part.name.is_empty() {
        format!("{what} in binary data")
    } else {
        format!("{what} in {}", part.name)
    }
}

/// A time as a number: 4 or 8 bytes, either way round, at any place that touches the difference.
fn number(
    walk: &Walk<'_>,
    part: &Region<'_>,
    a: &[u8],
    b: &[u8],
    at: &ByteDifference,
) -> Option<FindingDraft<'static>> {
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
    part: &Region<'_>,
    at: usize,
    left: i64,
    right: i64,
) -> Option<FindingDraft<'static>> {
    let attribution = walk.classifier.times(Cause::TimeInBinary, left, right);
    (attribution.certainty == Certainty::Known).then(|| FindingDraft {
        detail: detail(part, "number"),
        offset: Some(part.origin + at as u64),
        left: left.to_string(),
        right: right.to_string(),
        attribution,
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

fn raw(
    walk: &mut Walk<'_>,
    location: &Location,
    part: &Region<'_>,
    a: &[u8],
    b: &[u8],
    at: &ByteDifference,
) {
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
    let draft = FindingDraft {
        detail: if part.name.is_empty() {
            "bytes".to_owned()
        } else {
            part.name.to_owned()
        },
        offset: Some(part.origin + at.a.start),
        left: cut(a, at.a.start),
        right: cut(b, at.b.start),
        attribution: unknown(Cause::Content),
        context: &[],
    };
    walk.add(location, draft);
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
