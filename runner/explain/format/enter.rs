//! The door to all formats: two contents of one kind are taken apart, all others compared as they are.

use std::io;

use super::kind::Kind;
use super::{ar, binary, bytecode, compressed, cpio, elf, pdf, png, tar, text, zip};
use crate::content::View;
use crate::spot::Spot;
use crate::walk::Walk;

/// Explains two contents that differ, first at `offset`.
pub fn explain(
    walk: &mut Walk<'_>,
    spot: &Spot,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    let kind = Kind::of(spot.name(), a)?;
    let other = Kind::of(spot.name(), b)?;
    let before = walk.count();
    if kind == other {
        enter(walk, kind, spot, a, b, offset)?;
    }
    // Whatever a format's reader did not see, the bytes still show.
    if walk.count() == before {
        binary::explain(walk, spot, a, b, offset)?;
    }
    Ok(())
}

fn enter(
    walk: &mut Walk<'_>,
    kind: Kind,
    spot: &Spot,
    a: &View<'_>,
    b: &View<'_>,
    offset: u64,
) -> io::Result<()> {
    match kind {
        Kind::Tar => tar::explain(walk, spot, a, b),
        Kind::Zip => zip::explain(walk, spot, a, b),
        Kind::Gzip | Kind::Xz | Kind::Zstd | Kind::Bzip2 => {
            compressed::explain(walk, kind, spot, a, b)
        }
        Kind::Bytecode => bytecode::explain(walk, spot, a, b),
        Kind::Png => png::explain(walk, spot, a, b),
        Kind::Pdf => pdf::explain(walk, spot, a, b),
        Kind::Elf => elf::explain(walk, spot, a, b),
        Kind::Cpio => cpio::explain(walk, spot, a, b),
        Kind::Ar => ar::explain(walk, spot, a, b),
        Kind::Text => text::explain(walk, spot, a, b, offset),
        _ => Ok(()),
    }
}
