//! What is ignored: patterns of `.gitignore` files and of `info/exclude`, the nearest first.

use std::path::Path;

use bstr::{BStr, ByteSlice as _};
use gix_ignore::Search;
use gix_ignore::glob::pattern::Case;
use gix_ignore::search::Ignore;

use super::error::WorktreeError;

/// The name of a file of patterns.
pub const NAME: &str = ".gitignore";
/// Longer than any such file that people write.
pub const LONGEST: u64 = 16 << 20;

/// The patterns that hold in a folder.
#[derive(Debug, Default)]
pub struct Patterns(Search);

impl Patterns {
    /// Adds the patterns of one file; later ones are asked first. `folder` is where they start from.
    pub fn push(&mut self, bytes: &[u8], folder: &str) -> Result<(), WorktreeError> {
        // The library takes the start of patterns from two paths, and reads neither.
        let top = Path::new("/top");
        let file = top.join(folder).join(NAME);
        let added = self
            .0
            .add_patterns_buffer(bytes, &file, Some(top), Ignore::default());
        added.map_err(WorktreeError::io("parse", &file))
    }

    /// How many files there are.
    pub fn depth(&self) -> usize {
        self.0.patterns.len()
    }

    /// Forgets those of the folders that were left.
    pub fn pop_to(&mut self, depth: usize) {
        self.0.patterns.truncate(depth);
    }

    /// Whether the last word about a path is that it is ignored.
    pub fn cover(&self, path: &[u8], is_folder: bool) -> bool {
        let path: &BStr = path.as_bstr();
        let found = self
            .0
            .pattern_matching_relative_path(path, Some(is_folder), Case::Sensitive);
        found.is_some_and(|found| !found.pattern.is_negative())
    }
}
