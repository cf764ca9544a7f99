//! What may be in an output tree.

use zwieback_model::budget::Budget;

use crate::fs::folder_walk::Bounds;

/// Bytes of path, and of a link's target, for each entry that an output tree may hold.
pub const PATH: u64 = 64;
/// So many bytes of them all may always be.
pub const LEAST_PATHS: u64 = 4 << 20;

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

impl Rules {
    /// What all paths may have, with the targets of links: the name of a folder stands in every path below it.
    pub fn paths(&self) -> Budget {
        let each = (self.entries as u64).saturating_mul(PATH);
        Budget::new(each.max(LEAST_PATHS))
    }
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
