//! Portable document format: dates and identifiers in the document information, and what deflated streams hold.

use std::io;
use std::ops::Range;

use super::binary::{self, Region};
use super::inflate;
use crate::content::View;
use crate::content_kind::ContentKind;
use crate::evidence::context::TextContext;
use crate::location::Location;
use crate::walk::Walk;

/// Streams looked into in one document.
const STREAMS: usize = 4096;

/// Explains two documents: first what stands open in them, then the streams, pair by pair.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let most = walk.hold(walk.limits.loaded, a, b);
    let (bytes_a, bytes_b) = (a.bytes(0, most)?, b.bytes(0, most)?);
    let before = walk.count();
    let part = Region {
        context: TextContext::Document,
        name: "document",
        origin: a.origin(),
    };
    binary::explain_strings(walk, location, &part, &bytes_a, &bytes_b);
    let pairs = streams(&bytes_a).into_iter().zip(streams(&bytes_b));
    for (at, (in_a, in_b)) in pairs.enumerate() {
        let (stream_a, stream_b) = (&bytes_a[in_a], &bytes_b[in_b]);
        if stream_a != stream_b {
            let inside = location.member(&format!("stream {}", at + 1), ContentKind::Pdf);
            let open = |bytes| Box::new(flate2::bufread::ZlibDecoder::new(bytes));
            inflate::explain(walk, &inside, open(stream_a), open(stream_b));
        }
    }
    if walk.count() == before {
        binary::explain_bytes(walk, location, &part, &bytes_a, &bytes_b);
    }
    Ok(())
}

/// The ranges behind the keyword `stream` that start like zlib data.
fn streams(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(bytes, at, b"stream").filter(|_| found.len() < STREAMS) {
        let line = start + b"stream".len();
        let data = line
            + bytes[line..]
                .iter()
                .take(2)
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
        let end = find(bytes, data, b"endstream").unwrap_or(bytes.len());
        if bytes.get(data) == Some(&0x78) {
            found.push(data..end);
        }
        at = end.saturating_add(b"endstream".len());
    }
    found
}

fn find(bytes: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(word.len())
        .position(|window| window == word)
        .map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_deflated_streams_count() {
        let found =
            streams(b"<<>> stream\r\n\x78\x9cab\nendstream stream\nplain\nendstream stream\n\x78");
        assert_eq!(found, [13..18, 58..59]);
    }

    proptest! {
        #[test]
        fn any_bytes_have_streams_or_none(bytes in prop::collection::vec(prop::sample::select(b"streamnd\n\x78".to_vec()), 0..200)) {
            for range in streams(&bytes) {
                prop_assert!(range.start <= range.end && range.end <= bytes.len());
            }
        }
    }
}
