//! Portable network graphics, chunk by chunk.

use std::io;

use super::binary::{self, Region};
use crate::cause::Cause;
use crate::content::View;
use crate::evidence::context::TextContext;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;

/// The length of the signature.
const SIGNATURE: u64 = 8;

/// A chunk without its checksum, which follows from the data.
struct Chunk<'a> {
    name: [u8; 4],
    data: View<'a>,
}

/// Explains two images.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let (chunks_a, chunks_b) = (
        chunks(a, walk.limits.members)?,
        chunks(b, walk.limits.members)?,
    );
    for (chunk_a, chunk_b) in chunks_a.iter().zip(&chunks_b) {
        let (data_a, data_b) = (
            chunk_a.data.bytes(0, walk.limits.loaded)?,
            chunk_b.data.bytes(0, walk.limits.loaded)?,
        );
        if chunk_a.name == chunk_b.name && data_a != data_b {
            explain_chunk(walk, location, chunk_a, &data_a, &data_b);
        }
    }
    Ok(())
}

fn chunks<'a>(view: &View<'a>, most: usize) -> io::Result<Vec<Chunk<'a>>> {
    let mut chunks = Vec::new();
    let mut at = SIGNATURE;
    while chunks.len() < most {
        let head = view.bytes(at, 8)?;
        let (Some(length), Some(name)) = (
            head.first_chunk(),
            head.last_chunk().filter(|_| head.len() == 8),
        ) else {
            break;
        };
        let length = u64::from(u32::from_be_bytes(*length));
        chunks.push(Chunk {
            name: *name,
            data: view.slice(at + 8, length),
        });
        at = at.saturating_add(length + 12);
    }
    Ok(chunks)
}

fn explain_chunk(walk: &mut Walk<'_>, location: &Location, chunk: &Chunk<'_>, a: &[u8], b: &[u8]) {
    let name = format!("chunk {}", excerpt::escape(&chunk.name));
    let origin = chunk.data.origin();
    if &chunk.name != b"tIME" {
        let part = Region {
            context: TextContext::Image,
            name: &name,
            origin,
        };
        return binary::explain_bytes(walk, location, &part, a, b);
    }
    let (left, right) = (time(a), time(b));
    for classified in walk
        .classifier
        .lines(TextContext::Image, left.as_bytes(), right.as_bytes())
    {
        let mut attribution = classified.attribution;
        attribution.cause = Cause::DocumentDate;
        let draft = FindingDraft {
            detail: name.clone(),
            offset: Some(origin),
            left: left.clone(),
            right: right.clone(),
            attribution,
            context: &[],
        };
        walk.add(location, draft);
    }
}

/// The seven bytes of a tIME chunk as text.
fn time(data: &[u8]) -> String {
    match data {
        [high, low, month, day, hour, minute, second, ..] => {
            let year = u16::from_be_bytes([*high, *low]);
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        _ => excerpt::hex(data),
    }
}
