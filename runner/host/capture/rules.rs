//! What may be in an output tree.

use crate::fs::folder_walk::Bounds;

/// The most an output tree may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Entries of any kind.
    pub entries: usize,
    /// Directories above an entry.
    pub depth: usize,
    /// Bytes of all files together.
    pub bytes: u64,
}

impl Default for Rules {
    fn default() -> Self {
        let Bounds { entries, depth } = Bounds::default();
        Self {
            entries,
            depth,
            bytes: 16 << 30,
        }
    }
}
