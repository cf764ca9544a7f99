//! in-toto's `DigestSet`: digests of one thing by the name of their algorithm.

use std::collections::BTreeMap;

use crate::digest::{Digest, Fingerprint};
use crate::json::fields::{FieldError, FieldProblem, Fields};
use crate::json::value::Value;

const SHA256: &str = "sha256";
const BLAKE3: &str = "blake3";
/// Other algorithms that still bind a name to bytes: an md5 or a sha1 binds nothing any more. A git
/// commit is a sha1 that its forge protects against known collisions, and often all there is.
const STRONG: &[&str] = &[
    "sha384",
    "sha512",
    "sha3_256",
    "sha3_512",
    "gitCommit",
    "gitTree",
    "gitTag",
    "gitBlob",
    "dirHash",
];

/// Digests by algorithm. What is under `sha256` and `blake3` is known to be well formed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestSet {
    sha256: Option<Digest>,
    blake3: Option<Digest>,
    others: BTreeMap<String, String>,
}

impl DigestSet {
    /// A set with a SHA-256 alone.
    pub fn sha256(digest: Digest) -> Self {
        Self {
            sha256: Some(digest),
            ..Self::default()
        }
    }

    /// A git commit, by its name in hexadecimal digits.
    pub fn git_commit(commit: &str) -> Self {
        Self {
            others: [("gitCommit".to_owned(), commit.to_owned())].into(),
            ..Self::default()
        }
    }

    /// The SHA-256, where there is one.
    pub fn get_sha256(&self) -> Option<Digest> {
        self.sha256
    }

    /// Whether at least one digest is of an algorithm that binds.
    pub fn is_strong(&self) -> bool {
        let mut others = self.others.keys();
        self.sha256.is_some()
            || self.blake3.is_some()
            || others.any(|name| STRONG.contains(&name.as_str()))
    }

    /// Whether these are the digests of those bytes.
    ///
    /// in-toto asks for one acceptable algorithm that matches. Here SHA-256 must be there, and what
    /// else can be computed must agree: a set cannot be downgraded to its weakest member.
    pub fn matches(&self, sha256: Digest, blake3: Option<Digest>) -> bool {
        let agrees = match (self.blake3, blake3) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        agrees && self.sha256 == Some(sha256)
    }

    /// The digests as JSON.
    pub fn to_value(&self) -> Value {
        let relied_on = [(SHA256, self.sha256), (BLAKE3, self.blake3)];
        let relied_on = relied_on
            .into_iter()
            .filter_map(|(name, digest)| Some((name.to_owned(), digest?.to_hex().into())));
        let text = |(name, digest): (&String, &String)| (name.clone(), digest.as_str().into());
        Value::Object(relied_on.chain(self.others.iter().map(text)).collect())
    }

    /// Reads a set; the ones we rely on must be well formed, unknown ones are kept unread.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let mut digests = Self::default();
        for member in fields.texts() {
            let (name, digest) = member?;
            let malformed = |_| fields.error(name, FieldProblem::Digest);
            match name.as_str() {
                SHA256 => digests.sha256 = Some(digest.parse().map_err(malformed)?),
                BLAKE3 => digests.blake3 = Some(digest.parse().map_err(malformed)?),
                _ => drop(digests.others.insert(name.clone(), digest.to_owned())),
            }
        }
        Ok(digests)
    }
}

impl From<&Fingerprint> for DigestSet {
    fn from(print: &Fingerprint) -> Self {
        Self {
            sha256: Some(print.sha256),
            blake3: Some(print.blake3),
            others: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(members: &[(&str, &str)]) -> Result<DigestSet, FieldError> {
        let members = members.iter().map(|(k, v)| ((*k).to_owned(), (*v).into()));
        let value = Value::Object(members.collect());
        DigestSet::read(&Fields::of(&value, "digest").unwrap())
    }

    #[test]
    fn what_is_there_must_agree() {
        let print = Fingerprint::of(b"x");
        let other = Fingerprint::of(b"y");
        let (sha256, wrong) = (print.sha256.to_hex(), other.sha256.to_hex());
        let (blake3, stale) = (print.blake3.to_hex(), other.blake3.to_hex());
        let table: &[(&[(&str, &str)], bool)] = &[
            (&[("sha256", &sha256)], true),
            (&[("sha256", &sha256), ("blake3", &blake3)], true),
            (&[("sha256", &sha256), ("md5", "junk")], true),
            (&[("sha256", &sha256), ("blake3", &stale)], false),
            (&[("sha256", &wrong), ("blake3", &blake3)], false),
            (&[("blake3", &blake3)], false),
            (
                &[("sha1", "11f6ad8ec52a2984abaafd7c3b516503785c2072")],
                false,
            ),
            (&[], false),
        ];
        for (members, expected) in table {
            assert_eq!(
                read(members)
                    .unwrap()
                    .matches(print.sha256, Some(print.blake3)),
                *expected,
                "{members:?}"
            );
        }
    }

    #[test]
    fn malformed_digests_are_refused() {
        let hex = Digest::sha256(b"x").to_hex();
        for bad in [&hex.to_uppercase(), &hex[1..], "", "sha256:x"] {
            let error = read(&[("sha256", bad)]).unwrap_err();
            assert_eq!(error.problem, FieldProblem::Digest, "{bad}");
        }
    }

    #[test]
    fn weak_algorithms_bind_nothing() {
        assert!(!read(&[("md5", "x"), ("sha1", "y")]).unwrap().is_strong());
        assert!(DigestSet::git_commit("abc").is_strong());
    }
}
