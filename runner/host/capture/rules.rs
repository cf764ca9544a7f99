//! What may be in an output tree.

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
        Self {
            entries: 1_000_000,
            depth: 256,
            bytes: 16 << 30,
        }
    }
}
