//! Dispatch by format: two contents of one kind are taken apart, all others compared as they are.

use std::io;

use super::{binary, bytecode, compressed, elf, members, pdf, png, text};
use crate::content::View;
use crate::content_kind::ContentKind;
use crate::location::Location;
use crate::walk::Walk;

/// Explains two contents that differ, first at `offset`.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    let kind = ContentKind::of(location.name(), a)?;
    let other = ContentKind::of(location.name(), b)?;
    let before = walk.count();
    if kind == other {
        enter(walk, kind, location, a, b, offset)?;
    }
    // Whatever a format's reader did not see, the bytes still show.
    if walk.count() == before {
        binary::explain(walk, location, a, b, offset)?;
    }
    Ok(())
}

fn enter(
    walk: &mut Walk<'_>,
    kind: ContentKind,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    match kind {
        ContentKind::Ar | ContentKind::Cpio | ContentKind::Tar | ContentKind::Zip => {
            members::explain(walk, kind, location, a, b)
        }
        ContentKind::Gzip | ContentKind::Xz | ContentKind::Zstd | ContentKind::Bzip2 => {
            compressed::explain(walk, kind, location, a, b)
        }
        ContentKind::Bytecode => bytecode::explain(walk, location, a, b),
        ContentKind::Png => png::explain(walk, location, a, b),
        ContentKind::Pdf => pdf::explain(walk, location, a, b),
        ContentKind::Elf => elf::explain(walk, location, a, b),
        ContentKind::Text => text::explain(walk, location, a, b, offset),
        _ => Ok(()),
    }
}
