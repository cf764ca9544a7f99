//! Members' contents, entered as they are or after decompression.

use std::io::{BufReader, Read};

use super::inflate;
use super::member::{Member, Packing};
use crate::content::BLOCK;
use crate::spot::Spot;
use crate::walk::Walk;

/// Compares the contents of two members.
pub fn contents(walk: &mut Walk<'_>, spot: &Spot, a: &Member<'_>, b: &Member<'_>) {
    match (a.packing, b.packing) {
        (Packing::Plain, Packing::Plain) => walk.contents(spot, &a.content, &b.content),
        (Packing::Index, _) | (_, Packing::Index) => {}
        // Equal compressed bytes have equal contents.
        (Packing::Deflated, Packing::Deflated) if is_same(a, b) => {}
        _ => match (stream(a), stream(b)) {
            (Some(stream_a), Some(stream_b)) => inflate::explain(walk, spot, stream_a, stream_b),
            _ => walk.skip(spot, "its compression cannot be read".to_owned()),
        },
    }
}

fn is_same(a: &Member<'_>, b: &Member<'_>) -> bool {
    matches!(
        crate::differ::bytes::first(&a.content, &b.content),
        Ok(None)
    )
}

/// The content of a member as a stream, if its compression is one that can be read.
pub fn stream<'v>(member: &'v Member<'_>) -> Option<Box<dyn Read + 'v>> {
    let input = BufReader::with_capacity(BLOCK, member.content.reader());
    match member.packing {
        Packing::Plain => Some(Box::new(input)),
        Packing::Deflated => Some(Box::new(flate2::bufread::DeflateDecoder::new(input))),
        Packing::Foreign | Packing::Index => None,
    }
}
