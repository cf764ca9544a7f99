//! Python bytecode: the header of PEP 552, then strings in the marshalled code.

use std::io;

use super::binary::{self, Region};
use crate::cause::Cause;
use crate::content::View;
use crate::evidence::attribution::unknown;
use crate::evidence::context::TextContext;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;

/// Magic, flags, and 8 bytes that are time and size or a digest of the source.
const HEADER: u64 = 16;

/// Explains two files of bytecode.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let (head_a, head_b) = (a.bytes(0, 16)?, b.bytes(0, 16)?);
    let word = |head: &[u8], at: usize| {
        head.get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    let timed = word(&head_a, 4) & 1 == 0 && word(&head_b, 4) & 1 == 0;
    let (time_a, time_b) = (i64::from(word(&head_a, 8)), i64::from(word(&head_b, 8)));
    if timed && time_a != time_b {
        let attribution = walk.classifier.times(Cause::BytecodeTime, time_a, time_b);
        walk.add(
            location,
            field(
                "source mtime",
                a.origin() + 8,
                time_a.to_string(),
                time_b.to_string(),
                attribution,
            ),
        );
    } else if head_a.get(8..) != head_b.get(8..) && !timed {
        let show = |head: &[u8]| crate::excerpt::hex(head.get(8..).unwrap_or_default());
        walk.add(
            location,
            field(
                "source digest",
                a.origin() + 8,
                show(&head_a),
                show(&head_b),
                unknown(Cause::ContentDigest),
            ),
        );
    }
    let rest = |view: &View<'_>| view.bytes(HEADER, walk.limits.loaded);
    let (code_a, code_b) = (rest(a)?, rest(b)?);
    if code_a != code_b {
        let part = Region {
            context: TextContext::Bytecode,
            name: "code",
            origin: a.origin() + HEADER,
        };
        binary::explain_bytes(walk, location, &part, &code_a, &code_b);
    }
    Ok(())
}

fn field(
    detail: &str,
    offset: u64,
    left: String,
    right: String,
    attribution: crate::evidence::attribution::Attribution,
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
