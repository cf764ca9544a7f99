//! Paths inside a tree: relative, clean, printable, one spelling each.

use std::borrow::Borrow;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;

use crate::read_from_text;

/// The longest file name a file system takes (`NAME_MAX` of limits.h).
const NAME_MAX: usize = 255;
/// The longest path a system call takes, less its zero byte (`PATH_MAX`).
const PATH_MAX: usize = 4095;

/// A relative path of `/`-separated names, without `.`, `..`, empty parts or control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RelPath(String);

/// Why a path cannot be in a tree. The path is shown escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelPathError {
    /// Nothing at all.
    #[error("the path is empty")]
    Empty,
    /// It starts at the root.
    #[error("{0:?} is absolute: paths in a tree are relative")]
    Absolute(String),
    /// `.`, `..` or nothing between two slashes.
    #[error("{0:?} has a `.`, `..` or empty part")]
    Unclean(String),
    /// Bytes that are not UTF-8.
    #[error("\"{0}\" is not UTF-8")]
    NotUtf8(String),
    /// A control character, which could forge what a terminal or a log shows.
    #[error("{0:?} holds a control character")]
    Control(String),
    /// Longer than a file system takes.
    #[error("{0:?} is longer than a file system takes")]
    TooLong(String),
}

impl RelPath {
    /// The path made of these bytes, as a file system or an archive gives them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RelPathError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.parse(),
            Err(_) => Err(RelPathError::NotUtf8(bytes.escape_ascii().to_string())),
        }
    }

    /// The text of the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as the standard library takes it.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The names from the top down.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last name, where there is one.
    pub fn parent(&self) -> Option<Self> {
        self.0
            .rsplit_once('/')
            .map(|(parent, _)| Self(parent.to_owned()))
    }

    /// This path below another.
    #[must_use]
    pub fn under(&self, parent: &Self) -> Self {
        Self(format!("{parent}/{self}"))
    }

    /// Whether a link at this path, with that text, leads to a place in the same tree.
    pub fn links_inside(&self, target: &str) -> bool {
        let above = self.parts().count() - 1;
        let step = |depth: usize, part: &str| match part {
            "" | "." => Some(depth),
            ".." => depth.checked_sub(1),
            _ => Some(depth + 1),
        };
        !target.starts_with('/') && target.split('/').try_fold(above, step).is_some()
    }

    /// The path with one more name.
    pub fn join(&self, name: &str) -> Result<Self, RelPathError> {
        format!("{self}/{name}").parse()
    }
}

impl FromStr for RelPath {
    type Err = RelPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let owned = || text.to_owned();
        if text.is_empty() {
            return Err(RelPathError::Empty);
        }
        if text.starts_with('/') {
            return Err(RelPathError::Absolute(owned()));
        }
        if text.chars().any(char::is_control) {
            return Err(RelPathError::Control(owned()));
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(RelPathError::Unclean(owned()));
        }
        if text.len() > PATH_MAX || text.split('/').any(|part| part.len() > NAME_MAX) {
            return Err(RelPathError::TooLong(owned()));
        }
        Ok(Self(owned()))
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for RelPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

read_from_text!(RelPath);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_leave_the_tree_is_refused() {
        for bad in [
            "",
            "/etc",
            "..",
            "a/../b",
            "./a",
            "a//b",
            "a/",
            "a\nb",
            "\u{1b}[2J",
        ] {
            assert!(bad.parse::<RelPath>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(256).parse::<RelPath>().is_err());
        assert!(RelPath::from_bytes(b"a\xff").is_err());
    }

    #[test]
    fn parts_and_parents() {
        let path: RelPath = "usr/lib/libz.a".parse().unwrap();
        assert_eq!(path.file_name(), "libz.a");
        assert_eq!(path.parent().unwrap().as_str(), "usr/lib");
        assert_eq!(path.parts().count(), 3);
    }

    #[test]
    fn a_link_stays_where_its_tree_is() {
        let path: RelPath = "a/b/link".parse().unwrap();
        for inside in ["c", "./c", "../../c", "../..", "d/../../../x", "c//"] {
            assert!(path.links_inside(inside), "{inside}");
        }
        for outside in ["/", "/a/b", "../../..", "../../../a", "c/../../../.."] {
            assert!(!path.links_inside(outside), "{outside}");
        }
    }

    proptest! {
        #[test]
        fn any_accepted_path_stays_inside(text in ".{0,40}") {
            if let Ok(path) = text.parse::<RelPath>() {
                prop_assert!(path.as_path().components().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }
}
