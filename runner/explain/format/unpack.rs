//! Members' contents, entered as they are or after decompression.

use super::member::{Member, Packing};
use crate::walk::{Spot, Walk};

/// Compares the contents of two members.
pub fn contents(walk: &mut Walk<'_>, spot: &Spot, a: &Member<'_>, b: &Member<'_>) {
    match (a.packing, b.packing) {
        (Packing::Plain, Packing::Plain) => walk.contents(spot, &a.content, &b.content),
        _ => walk.skip(spot, "its compression cannot be read".to_owned()),
    }
}
