//! One output path with what each run left there.

use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Entry;

use crate::content::Content;

/// A path at which the two trees differ.
pub struct Pair<'a> {
    /// Where it lies in the output tree.
    pub path: RelPath,
    /// What run A left.
    pub a: Side<'a>,
    /// What run B left.
    pub b: Side<'a>,
}

/// What one run left at a path.
#[derive(Clone, Copy, Default)]
pub struct Side<'a> {
    /// The entry of the tree; nothing where the run left nothing.
    pub entry: Option<&'a Entry>,
    /// The bytes, where the entry is a file.
    pub content: Option<&'a dyn Content>,
}

impl<'a> Side<'a> {
    /// A file with its bytes.
    pub fn file(entry: &'a Entry, content: &'a dyn Content) -> Self {
        Self {
            entry: Some(entry),
            content: Some(content),
        }
    }

    /// A directory or a symlink.
    pub fn plain(entry: &'a Entry) -> Self {
        Self {
            entry: Some(entry),
            content: None,
        }
    }

    /// Nothing at all.
    pub fn absent() -> Self {
        Self::default()
    }
}
