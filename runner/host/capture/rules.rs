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
    /// Whether a directory may be set-group-id.
    pub set_group: SetGroup,
}

/// What a directory that is set-group-id means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetGroup {
    /// Nothing: a person's folder has it from the one above.
    #[default]
    Inherited,
    /// A step made it so, and a tree would lose it.
    Refused,
}

impl Default for Rules {
    fn default() -> Self {
        let Bounds { entries, depth, .. } = Bounds::default();
        Self {
            entries,
            depth,
            bytes: 16 << 30,
            set_group: SetGroup::default(),
        }
    }
}
