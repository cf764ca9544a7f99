//! One pinned file: what a lockfile says about it, and nothing about hosts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Fingerprint};
use crate::digest_set::DigestSet;
use crate::name::Name;
use crate::purl::Purl;
use crate::read_from_text;
use crate::rel_path::{RelPath, RelPathError};

/// One `[[input]]` of `zwieback.lock`: identified by purl and digest, never by host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedInput {
    /// The source of the recipe that asked for the file; none in a toolchain's lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Name>,
    /// The package the file belongs to.
    pub purl: Purl,
    /// The name the file is staged under.
    pub file: FileName,
    /// What the bytes must be.
    pub sha256: Digest,
    /// The store's name of the same bytes: absent until somebody has had them in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blake3: Option<Digest>,
    /// Length in bytes; a longer answer is cut off at once.
    pub size: u64,
    /// Paths relative to the root of an archive, decoded, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<RelPath>,
}

/// The name of one file: a path of a single part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileName(RelPath);

/// Text that is not the name of one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// Not even a path.
    #[error(transparent)]
    Path(#[from] RelPathError),
    /// It names a folder as well.
    #[error("{0:?} is a path: the name of one file is expected")]
    Nested(String),
}

impl LockedInput {
    /// The digests, as a statement names them.
    pub fn digest_set(&self) -> DigestSet {
        DigestSet::sha256(self.sha256)
    }

    /// Whether bytes with this fingerprint are this input.
    pub fn is(&self, bytes: &Fingerprint) -> bool {
        self.sha256 == bytes.sha256
            && self.size == bytes.size
            && self.blake3.is_none_or(|blake3| blake3 == bytes.blake3)
    }
}

impl FileName {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path: RelPath = text.parse()?;
        if path.parts().count() == 1 {
            Ok(Self(path))
        } else {
            Err(FileNameError::Nested(text.to_owned()))
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

read_from_text!(FileName);

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> LockedInput {
        let print = Fingerprint::of(b"abc");
        LockedInput {
            source: None,
            purl: "pkg:generic/abc@1".parse().unwrap(),
            file: "abc.tar".parse().unwrap(),
            sha256: print.sha256,
            blake3: None,
            size: print.size,
            locations: vec!["pool/a/abc.tar".parse().unwrap()],
        }
    }

    #[test]
    fn every_known_digest_counts() {
        let mut input = input();
        assert!(input.is(&Fingerprint::of(b"abc")));
        assert!(!input.is(&Fingerprint::of(b"abd")));
        input.blake3 = Some(Digest::sha256(b"something else"));
        assert!(!input.is(&Fingerprint::of(b"abc")));
    }

    #[test]
    fn a_location_never_names_a_host() {
        for bad in [
            "http://mirror.example/pool/x",
            "//mirror.example/x",
            "/pool/x",
            "../x",
        ] {
            assert!(bad.parse::<RelPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_name_is_one_part() {
        assert!("zlib_1%3a1.2.deb".parse::<FileName>().is_ok());
        for bad in ["", ".", "..", "a/b", "/a", "a\n"] {
            assert!(bad.parse::<FileName>().is_err(), "{bad:?}");
        }
    }
}
