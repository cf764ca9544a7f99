//! Package URLs: what a source is called, in one spelling, whatever ecosystem it comes from.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use packageurl::PackageUrl;
use serde::{Serialize, Serializer};

use crate::read_from_text;

/// The qualifiers that are addresses: where a package lies, in the stead of the place that its type means.
pub const PLACES: [&str; 3] = ["vcs_url", "download_url", "repository_url"];

/// A package URL in its canonical spelling: equal packages are equal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purl {
    text: String,
    // Boxed: errors carry purls, and an error should be small.
    parts: Box<PackageUrl<'static>>,
}

/// Text that is not a package URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a package URL: {reason}")]
pub struct PurlError {
    text: String,
    reason: String,
}

/// A package without its version: its type, its namespace, its name, and where its repository lies.
pub type Package<'p> = (&'p str, Option<&'p str>, &'p str, Option<&'p str>);

impl Purl {
    /// The package URL made of these parts, none of them encoded.
    pub fn new(
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        version: &str,
        qualifiers: &[(&str, &str)],
    ) -> Result<Self, PurlError> {
        let shown = || format!("pkg:{kind}/{name}@{version}");
        let parts = assemble(kind, namespace, name, version, qualifiers)
            .map_err(|error| PurlError::new(&shown(), &error))?;
        Self::spelled(parts).ok_or_else(|| PurlError::ambiguous(&shown()))
    }

    /// The canonical spelling of these parts, if it is read as the same parts again: the library
    /// leaves a `/` in a version as it is, which then looks like the end of a namespace.
    fn spelled(parts: PackageUrl<'static>) -> Option<Self> {
        let text = parts.to_string();
        let is_same = PackageUrl::from_str(&text).is_ok_and(|again| again == parts);
        is_same.then(|| Self {
            text,
            parts: Box::new(parts),
        })
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type: `deb`, `cargo`, `pypi`, `npm`, `generic`, `github` …
    pub fn kind(&self) -> &str {
        self.parts.ty()
    }

    /// The namespace, such as a distribution or an npm scope.
    pub fn namespace(&self) -> Option<&str> {
        self.parts.namespace()
    }

    /// The name of the package.
    pub fn name(&self) -> &str {
        self.parts.name()
    }

    /// The version, decoded.
    pub fn version(&self) -> Option<&str> {
        self.parts.version()
    }

    /// Whether it names a commit of a repository: of a service, or by the URL of a git repository.
    pub fn is_repository(&self) -> bool {
        let url = self.qualifier("vcs_url");
        ["github", "gitlab", "bitbucket"].contains(&self.kind())
            || url.is_some_and(|url| url.starts_with("git+"))
    }

    /// Whether it is a repository of a service, and does not say that it lies anywhere else.
    pub fn is_of_service(&self) -> bool {
        self.is_repository() && self.qualifier("vcs_url").is_none()
    }

    /// Whether both name the same package, whatever its version.
    pub fn is_same_package(&self, other: &Self) -> bool {
        self.package() == other.package()
    }

    /// The package that it names, whatever its version.
    pub fn package(&self) -> Package<'_> {
        let url = self.qualifier("vcs_url");
        (self.kind(), self.namespace(), self.name(), url)
    }

    /// One qualifier's value, decoded.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.parts.qualifiers().get(key).map(AsRef::as_ref)
    }
}

impl PurlError {
    fn new(text: &str, reason: &packageurl::Error) -> Self {
        Self {
            text: text.to_owned(),
            reason: reason.to_string(),
        }
    }

    fn ambiguous(text: &str) -> Self {
        let reason = "its canonical spelling names another package".to_owned();
        Self {
            text: text.to_owned(),
            reason,
        }
    }

    /// What a right one looks like.
    pub fn hint(&self) -> Option<String> {
        Some("write it as `pkg:TYPE/NAMESPACE/NAME@VERSION`, for example `pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source`".to_owned())
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: PackageUrl<'static> =
            text.parse().map_err(|error| PurlError::new(text, &error))?;
        // A control character would forge lines in a log or a list of inputs.
        let decoded = [Some(parts.name()), parts.namespace(), parts.version()];
        if decoded.into_iter().flatten().any(has_control) {
            return Err(PurlError {
                text: text.to_owned(),
                reason: "it holds a control character".to_owned(),
            });
        }
        if parts.to_string() == text {
            let (text, parts) = (text.to_owned(), Box::new(parts));
            return Ok(Self { text, parts });
        }
        Self::spelled(parts).ok_or_else(|| PurlError::ambiguous(text))
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Ord for Purl {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Purl {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Purl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

read_from_text!(Purl);

fn assemble(
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    version: &str,
    qualifiers: &[(&str, &str)],
) -> Result<PackageUrl<'static>, packageurl::Error> {
    let mut parts = PackageUrl::new(kind.to_owned(), name.to_owned())?;
    if let Some(namespace) = namespace {
        parts.with_namespace(namespace.to_owned())?;
    }
    parts.with_version(version.to_owned())?;
    for (key, value) in qualifiers {
        parts.add_qualifier((*key).to_owned(), (*value).to_owned())?;
    }
    Ok(parts)
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_package_are_equal() {
        let plain: Purl = "pkg:deb/debian/lua5.4@5.4.4-3+deb12u1?arch=source"
            .parse()
            .unwrap();
        let encoded: Purl = "pkg:deb/debian/lua5.4@5.4.4-3%2Bdeb12u1?arch=source"
            .parse()
            .unwrap();
        assert_eq!(plain, encoded);
        assert_eq!(
            plain.as_str(),
            "pkg:deb/debian/lua5.4@5.4.4-3%2Bdeb12u1?arch=source"
        );
        assert_eq!(plain.version(), Some("5.4.4-3+deb12u1"));
    }

    #[test]
    fn epochs_and_qualifiers() {
        let qualifiers = [("arch", "amd64"), ("distro", "bookworm")];
        let purl = Purl::new(
            "deb",
            Some("debian"),
            "zlib1g",
            "1:1.2.13.dfsg-1",
            &qualifiers,
        );
        let purl = purl.unwrap();
        assert_eq!(
            purl.as_str(),
            "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=bookworm"
        );
        assert_eq!(purl.qualifier("distro"), Some("bookworm"));
        assert_eq!(purl.qualifier("none"), None);
    }

    #[test]
    fn what_is_no_package_url_says_why() {
        for bad in [
            "",
            "zlib",
            "deb/debian/zlib",
            "pkg:deb",
            "pkg:npm/a%0Ab@1",
            "pkg:1/x",
            // Spelled canonically it would be `a@1` in a namespace, and `2` its name.
            "pkg:generic/a@1%2F2",
        ] {
            let error = bad.parse::<Purl>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{bad:?}")), "{bad}");
            assert!(error.hint().is_some());
        }
    }

    proptest! {
        #[test]
        fn debian_versions_round_trip(version in "([0-9]:)?[0-9][a-z0-9.+~-]{0,20}", name in "[a-z0-9][a-z0-9+.-]{1,12}") {
            let purl = Purl::new("deb", Some("debian"), &name, &version, &[("arch", "source")]).unwrap();
            let again: Purl = purl.as_str().parse().unwrap();
            prop_assert_eq!(again.name(), name);
            prop_assert_eq!(again.version(), Some(version.as_str()));
            prop_assert_eq!(again.as_str(), purl.as_str());
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            if let Ok(purl) = format!("pkg:{text}").parse::<Purl>() {
                prop_assert_eq!(purl.as_str().parse::<Purl>(), Ok(purl));
            }
        }
    }
}
