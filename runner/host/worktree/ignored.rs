//! What is ignored: patterns of `.gitignore` files and of `info/exclude`, the nearest first.

use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice as _};
use gix_ignore::Search;
use gix_ignore::glob::pattern::Case;
use gix_ignore::search::Ignore;
use zwieback_model::budget::Budget;

use super::error::WorktreeError;

/// The name of a file of patterns.
pub const NAME: &str = ".gitignore";
/// Longer than any such file that people write.
pub const LONGEST: u64 = 1 << 20;
/// More patterns than hold anywhere: each takes a hundred times the memory of its text.
const MOST_PATTERNS: usize = 1 << 20;

/// How much matching one listing may take, in stars that are tried on 16 bytes of a path. The largest
/// trees that people keep need a fifth of it.
const MOST: u64 = 1 << 32;

/// The patterns that hold in a folder.
#[derive(Debug, Default)]
pub struct Patterns {
    search: Search,
    /// What each file costs for each path.
    costs: Vec<Cost>,
}

#[derive(Debug)]
struct Cost {
    file: PathBuf,
    count: usize,
    work: u64,
}

/// The work that all matching for one source may take, whatever number of repositories it has.
pub const fn matching() -> Budget {
    Budget::new(MOST)
}

impl Patterns {
    /// Adds the patterns of one file; later ones are asked first. `folder` is where they start from.
    pub fn push(&mut self, bytes: &[u8], file: &Path, folder: &str) -> Result<(), WorktreeError> {
        let count = bytes.lines().count();
        if self.costs.iter().map(|cost| cost.count).sum::<usize>() + count > MOST_PATTERNS {
            return Err(WorktreeError::Patterns(file.to_owned()));
        }
        // The library takes the start of patterns from two paths, and reads neither.
        let top = Path::new("/top");
        let place = top.join(folder).join(NAME);
        let added = self
            .search
            .add_patterns_buffer(bytes, &place, Some(top), Ignore::default());
        added.map_err(WorktreeError::io("parse", file))?;
        self.costs.push(Cost {
            file: file.to_owned(),
            count,
            work: bytes.lines().map(work).fold(0, u64::saturating_add),
        });
        Ok(())
    }

    /// How many files there are.
    pub fn depth(&self) -> usize {
        self.costs.len()
    }

    /// Forgets those of the folders that were left.
    pub fn pop_to(&mut self, depth: usize) {
        self.search.patterns.truncate(depth);
        self.costs.truncate(depth);
    }

    /// Whether the last word about a path is that it is ignored.
    pub fn cover(
        &self,
        path: &[u8],
        is_folder: bool,
        work: &mut Budget,
    ) -> Result<bool, WorktreeError> {
        self.pay(path.len(), work)?;
        let path: &BStr = path.as_bstr();
        let found =
            self.search
                .pattern_matching_relative_path(path, Some(is_folder), Case::Sensitive);
        Ok(found.is_some_and(|found| !found.pattern.is_negative()))
    }

    /// Patterns and paths are somebody else's, and so is the time that matching them takes.
    fn pay(&self, length: usize, work: &mut Budget) -> Result<(), WorktreeError> {
        let steps = 1 + length as u64 / 16;
        let each = self.costs.iter().map(|cost| cost.work);
        let all = each.fold(0, u64::saturating_add).saturating_mul(steps);
        work.take(all).map_err(|_| {
            let worst = self.costs.iter().max_by_key(|cost| cost.work);
            WorktreeError::Patterns(worst.map_or_else(PathBuf::new, |cost| cost.file.clone()))
        })
    }
}

/// What a pattern costs for each path: `**/` is tried with and without a folder, and the rest of the
/// pattern twice with it.
fn work(pattern: &[u8]) -> u64 {
    let stars = pattern.find_iter("*").count() as u64;
    let doubled = pattern.find_iter("**").count();
    let doubled = u32::try_from(doubled).unwrap_or(u32::MAX).min(62);
    (1 + stars).saturating_mul(1 << doubled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> Patterns {
        let mut patterns = Patterns::default();
        let file = Path::new("src/.gitignore");
        patterns.push(text.as_bytes(), file, "").unwrap();
        patterns
    }

    #[test]
    fn patterns_that_never_end_are_refused_by_their_file() {
        let patterns = patterns(&format!("{}\n", "/**/a*".repeat(40)));
        let path = "a/".repeat(100) + "b";
        let refused = patterns.cover(path.as_bytes(), false, &mut matching());
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, WorktreeError::Patterns(file) if file.ends_with("src/.gitignore"))
        );
        assert!(refused.hint().is_some());
    }

    #[test]
    fn many_patterns_and_many_paths_come_to_an_end() {
        let patterns = patterns(&"/**/a*/**/a*/**/a*\n".repeat(40_000));
        // The same end, reached sooner.
        let mut work = Budget::new(MOST >> 6);
        let path = "a/".repeat(100) + "b";
        let mut cover = || patterns.cover(path.as_bytes(), false, &mut work);
        let refused = (0..1000).find_map(|_| cover().err());
        assert!(matches!(refused, Some(WorktreeError::Patterns(_))));
    }

    #[test]
    fn as_many_as_people_write_are_nothing() {
        let mut work = matching();
        let patterns = patterns(&"/**/build/**\n*.o\n!keep\n".repeat(60));
        for number in 0..10_000 {
            let path = format!("drivers/net/ethernet/vendor/file{number}.c");
            assert!(!patterns.cover(path.as_bytes(), false, &mut work).unwrap());
        }
        assert!(work.left() > MOST / 2);
    }

    #[test]
    fn patterns_of_one_folder_in_another_do_not_fill_the_memory() {
        let mut all = Patterns::default();
        let bytes = "a\n".repeat(1 << 19);
        let file = Path::new(NAME);
        for folder in ["", "a"] {
            all.push(bytes.as_bytes(), file, folder).unwrap();
        }
        let refused = all.push(b"b", file, "a/a").unwrap_err();
        assert!(matches!(refused, WorktreeError::Patterns(_)));
        all.pop_to(1);
        all.push(b"b", file, "b").unwrap();
    }
}
