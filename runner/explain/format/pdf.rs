//! Portable document format: dates and identifiers in the document information, other strings as they are.

use std::io;

use super::binary::{self, Part};
use crate::clue::scene::Scene;
use crate::content::View;
use crate::walk::{Spot, Walk};

/// Explains two documents. Compressed object streams are not opened.
pub fn explain(walk: &mut Walk<'_>, spot: &Spot, a: &View<'_>, b: &View<'_>) -> io::Result<()> {
    let (bytes_a, bytes_b) = (
        a.bytes(0, walk.limits.loaded)?,
        b.bytes(0, walk.limits.loaded)?,
    );
    let part = Part {
        scene: Scene::Document,
        name: "document",
        origin: a.origin(),
    };
    binary::explain_bytes(walk, spot, &part, &bytes_a, &bytes_b);
    Ok(())
}
