//! Chapter: the file with the tree that a statement names, wherever it was put.

use std::path::{Path, PathBuf};

use zwieback_attest::output_tree::StatedTree;
use zwieback_attest::verify::Trees;
use zwieback_host::fs::given_file;
use zwieback_model::digest::Digest;

/// No tree is larger: a million entries with long names.
const LARGEST: u64 = 512 << 20;

/// The folders in which trees are looked for.
#[derive(Clone, Debug, Default)]
pub struct TreeFiles {
    places: Vec<PathBuf>,
}

impl TreeFiles {
    /// The folders that these files lie in.
    pub fn beside<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> Self {
        let folder = |file: &PathBuf| match file.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let places = files.into_iter().map(folder).collect();
        Self { places }
    }

    /// These folders before the others.
    #[must_use]
    pub fn and_before(&self, places: impl IntoIterator<Item = PathBuf>) -> Self {
        let places = places.into_iter().chain(self.places.iter().cloned());
        Self {
            places: places.collect(),
        }
    }
}

impl Trees for TreeFiles {
    fn find(&self, tree: &StatedTree) -> Option<Vec<u8>> {
        self.places.iter().find_map(|place| read(place, tree))
    }
}

/// The bytes of the file of that name, if they are the ones that were signed.
fn read(folder: &Path, tree: &StatedTree) -> Option<Vec<u8>> {
    let bytes = given_file::read_beneath(folder, &tree.file, LARGEST).ok()?;
    (Digest::sha256(&bytes) == tree.digest).then_some(bytes)
}
