//! A folder of the project that is a source, and which of its files belong to it.

use std::fmt;
use std::str::FromStr;

use crate::glob::{Glob, GlobError, TooMuchWork, Work};
use crate::rel_path::{RelPath, RelPathError};
use crate::{read_from_text, write_as_text};

/// The project's top, written `.`, or a folder below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectFolder(Option<RelPath>);

/// Which files of a folder belong to a source.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
    /// For all paths of the folder together.
    work: Work,
}

impl ProjectFolder {
    /// Its path below the project's top; nothing for the top itself.
    pub fn below_top(&self) -> Option<&RelPath> {
        self.0.as_ref()
    }
}

impl Selection {
    /// The files that one of `include` covers, or all where there is none, but for those of `exclude`.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, GlobError> {
        let globs = |texts: &[String]| -> Result<Vec<Glob>, GlobError> {
            texts.iter().map(|text| text.parse()).collect()
        };
        Ok(Self {
            include: globs(include)?,
            exclude: globs(exclude)?,
            work: Work::default(),
        })
    }

    /// Whether a path below the folder belongs to the source.
    pub fn covers(&self, path: &RelPath) -> Result<bool, TooMuchWork> {
        let any = |globs: &[Glob]| -> Result<bool, TooMuchWork> {
            for glob in globs {
                if glob.matches_within(path, &self.work)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        Ok((self.include.is_empty() || any(&self.include)?) && !any(&self.exclude)?)
    }
}

impl FromStr for ProjectFolder {
    type Err = RelPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "." => Ok(Self(None)),
            path => Ok(Self(Some(path.parse()?))),
        }
    }
}

impl fmt::Display for ProjectFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_ref().map_or(".", RelPath::as_str))
    }
}

write_as_text!(ProjectFolder);
read_from_text!(ProjectFolder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_a_dot_and_nothing_lies_above() {
        let top: ProjectFolder = ".".parse().unwrap();
        assert_eq!((top.to_string().as_str(), top.below_top()), (".", None));
        assert_eq!("a/b".parse::<ProjectFolder>().unwrap().to_string(), "a/b");
        for bad in ["", "..", "/a", "a/../b", "./a"] {
            assert!(bad.parse::<ProjectFolder>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_excluded_stays_out_even_if_included() {
        let text = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let covers = |include: &[&str], exclude: &[&str], path: &str| {
            let selection = Selection::new(&text(include), &text(exclude)).unwrap();
            selection.covers(&path.parse().unwrap()).unwrap()
        };
        assert!(covers(&[], &[], "a"));
        assert!(covers(&["src/**"], &[], "src/a/b"));
        assert!(!covers(&["src/**"], &[], "a"));
        assert!(!covers(&["src/**"], &["**/*.o"], "src/a.o"));
        assert!(Selection::new(&text(&["../x"]), &[]).is_err());
    }

    #[test]
    fn globs_of_a_source_have_an_end_as_well() {
        let globs = vec![format!("**/*{}b*", "a".repeat(119)); 256];
        let mut selection = Selection::new(&globs, &[]).unwrap();
        selection.work = Work::of(1 << 22);
        let path = vec!["a".repeat(240); 13].join("/").parse().unwrap();
        assert_eq!(selection.covers(&path), Err(TooMuchWork));
    }
}
