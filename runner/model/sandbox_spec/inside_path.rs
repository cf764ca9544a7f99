//! Paths as a step sees them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::read_from_text;
use crate::rel_path::{RelPath, RelPathError};

/// An absolute, clean path inside the sandbox: `/`, or `/` and a [`RelPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InsidePath(String);

/// Why a path cannot be one inside the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsidePathError {
    /// It does not start at the root.
    #[error("{0:?} is not absolute: paths inside the sandbox start with `/`")]
    Relative(String),
    /// The part below the root is not a clean path.
    #[error("{0}")]
    Unclean(#[from] RelPathError),
}

impl InsidePath {
    /// The root of the sandbox.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// A path that is a literal of the program.
    ///
    /// # Panics
    /// When the literal is not absolute and clean, which is an error in the program.
    pub fn literal(text: &'static str) -> Self {
        text.parse()
            .expect("invariant: literals of paths inside are absolute and clean")
    }

    /// The text of the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `/`.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root()
            || self
                .0
                .strip_prefix(other.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path of `below` under this one.
    #[must_use]
    pub fn join(&self, below: &RelPath) -> Self {
        if self.is_root() {
            Self(format!("/{below}"))
        } else {
            Self(format!("{self}/{below}"))
        }
    }
}

impl FromStr for InsidePath {
    type Err = InsidePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('/') {
            None => Err(InsidePathError::Relative(text.to_owned())),
            Some("") => Ok(Self::root()),
            Some(below) => Ok(Self::root().join(&below.parse::<RelPath>()?)),
        }
    }
}

impl fmt::Display for InsidePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

read_from_text!(InsidePath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_and_clean_paths() {
        for good in ["/", "/build", "/dev/shm"] {
            assert_eq!(good.parse::<InsidePath>().unwrap().as_str(), good);
        }
        for bad in ["", "build", "//", "/a/../b", "/a/", "/a\n"] {
            assert!(bad.parse::<InsidePath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_begins_alike_is_not_within() {
        let path = InsidePath::literal("/sys/devices/system");
        assert!(path.is_within(&InsidePath::literal("/sys")));
        assert!(!InsidePath::literal("/system").is_within(&InsidePath::literal("/sys")));
        assert!(path.is_within(&InsidePath::root()));
    }
}
