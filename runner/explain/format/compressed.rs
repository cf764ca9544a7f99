//! Single compressed streams: gzip with its header, xz, Zstandard and bzip2.

use std::io::{self, Read};

use super::inflate;
use crate::archive::compression::{Compression, WindowLimit};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::content::View;
use crate::content_kind::ContentKind;
use crate::evidence::attribution::Attribution;
use crate::evidence::context::TextContext;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;

/// Explains two streams of one kind.
pub fn explain(
    walk: &mut Walk<'_>,
    kind: ContentKind,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let before = walk.count();
    if kind == ContentKind::Gzip {
        header(walk, location, a, b)?;
    }
    let inside = location.member(&inner_name(location.name()), kind);
    match (decoder(kind, a), decoder(kind, b)) {
        (Ok(stream_a), Ok(stream_b)) => inflate::explain(walk, &inside, stream_a, stream_b),
        (Err(error), _) | (_, Err(error)) => {
            walk.skip(location, format!("cannot be decompressed: {error}"));
        }
    }
    if walk.count() == before {
        settings(walk, location, a, b)?;
    }
    Ok(())
}

/// The bytes behind the compression.
pub fn decoder<'v>(kind: ContentKind, view: &'v View<'_>) -> io::Result<Box<dyn Read + 'v>> {
    Compression::of(kind).decode(view.reader(), WindowLimit::SIDE_BY_SIDE)
}

/// The name without the compressor's ending.
pub fn inner_name(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    for (end, instead) in [
        (".tgz", ".tar"),
        (".txz", ".tar"),
        (".tbz2", ".tar"),
        (".gz", ""),
        (".xz", ""),
        (".zst", ""),
        (".bz2", ""),
    ] {
        if let Some(start) = name.strip_suffix(end).filter(|start| !start.is_empty()) {
            return format!("{start}{instead}");
        }
    }
    "content".to_owned()
}

fn header(walk: &mut Walk<'_>, location: &Location, a: &View<'_>, b: &View<'_>) -> io::Result<()> {
    let (head_a, head_b) = (a.bytes(0, 512)?, b.bytes(0, 512)?);
    let time = |head: &[u8]| {
        head.get(4..8)
            .and_then(|bytes| bytes.first_chunk::<4>())
            .map(|bytes| i64::from(u32::from_le_bytes(*bytes)))
    };
    if let (Some(time_a), Some(time_b)) = (time(&head_a), time(&head_b))
        && time_a != time_b
    {
        let attribution = walk
            .classifier
            .times(Cause::CompressionTime, time_a, time_b);
        walk.add(
            location,
            draft(
                "gzip header mtime",
                a.origin() + 4,
                time_a.to_string(),
                time_b.to_string(),
                attribution,
            ),
        );
    }
    let (name_a, name_b) = (stored_name(&head_a), stored_name(&head_b));
    if name_a != name_b {
        let (left, right) = (name_a.unwrap_or_default(), name_b.unwrap_or_default());
        let classified = walk.classifier.lines(TextContext::Text, left, right);
        let (certainty, factors) = match classified.into_iter().next() {
            Some(classified) => (
                classified.attribution.certainty,
                classified.attribution.factors,
            ),
            None => (Certainty::Unknown, Vec::new()),
        };
        let attribution = Attribution::new(Cause::CompressionName, certainty, factors);
        walk.add(
            location,
            draft(
                "gzip header name",
                a.origin() + 10,
                excerpt::escape(left),
                excerpt::escape(right),
                attribution,
            ),
        );
    }
    Ok(())
}

/// The original name of RFC 1952 (FNAME), behind an extra field where there is one.
fn stored_name(head: &[u8]) -> Option<&[u8]> {
    let flags = *head.get(3)?;
    let extra = head.get(10..12)?;
    let start = if flags & 4 == 0 {
        10
    } else {
        12 + usize::from(u16::from_le_bytes([extra[0], extra[1]]))
    };
    let rest = head.get(start..).filter(|_| flags & 8 != 0)?;
    rest.split(|byte| *byte == 0).next()
}

/// Nothing inside differs and no field is known to: the compressor worked differently.
fn settings(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let attribution = Attribution::new(
        Cause::CompressionSettings,
        Certainty::Normaliser("recompress".to_owned()),
        walk.classifier.knowledge().suspects(&[
            zwieback_model::variation::factor::Factor::CpuCount,
            zwieback_model::variation::factor::Factor::Scheduling,
        ]),
    );
    let first = crate::differ::bytes::first(a, b)?.unwrap_or(0);
    let show = |view: &View<'_>| format!("{} bytes", view.size());
    walk.add(
        location,
        draft(
            "compressed data",
            a.origin() + first,
            show(a),
            show(b),
            attribution,
        ),
    );
    Ok(())
}

fn draft(
    detail: &str,
    offset: u64,
    left: String,
    right: String,
    attribution: Attribution,
) -> FindingDraft<'static> {
    FindingDraft {
        detail: detail.to_owned(),
        offset: Some(offset),
        left,
        right,
        attribution,
        context: &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_ending() {
        assert_eq!(inner_name("out/a.tgz"), "a.tar");
        assert_eq!(inner_name("data.tar.xz"), "data.tar");
        assert_eq!(inner_name("x"), "content");
    }

    #[test]
    fn the_name_in_a_gzip_header() {
        assert_eq!(
            stored_name(b"\x1f\x8b\x08\x08\0\0\0\0\0\x03a.txt\0rest"),
            Some(b"a.txt".as_slice())
        );
        assert_eq!(stored_name(b"\x1f\x8b\x08\0\0\0\0\0\0\x03rest"), None);
    }
}
