//! The root of an archive that locations are relative to.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use ureq::http::Uri;
use zwieback_model::rel_path::RelPath;

/// An `http`, `https` or `file` URL of a folder; it ends with `/` and has no query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseUrl(String);

/// Why text cannot be the root of an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all.
    #[error("{0:?} is not a URL")]
    Malformed(String),
    /// A scheme nothing here can speak.
    #[error("{0:?} is neither http, https nor file")]
    Scheme(String),
    /// A query or fragment, to which no path can be added.
    #[error("{0:?} has a query or a fragment: the root of an archive has neither")]
    NotAFolder(String),
}

impl BaseUrl {
    /// The text of the URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a file below the root, with the path encoded.
    pub fn join(&self, location: &RelPath) -> String {
        format!("{self}{}", encode_path(location.as_str()))
    }

    /// Whether whoever named this root named that URL with it: a file below it, or anything of its server.
    ///
    /// An index and its files often lie in two folders of one server.
    pub fn covers(&self, url: &str) -> bool {
        if self.0.starts_with("file:") {
            return self.relative(url).is_some();
        }
        origin(url).is_some_and(|other| origin(&self.0) == Some(other))
    }

    /// The path of `url` below this root, decoded, if it lies below it.
    pub fn relative(&self, url: &str) -> Option<RelPath> {
        RelPath::from_bytes(&decode(url.strip_prefix(&self.0)?)?).ok()
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let owned = || text.to_owned();
        if text.contains(['?', '#']) {
            return Err(BaseUrlError::NotAFolder(owned()));
        }
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(BaseUrlError::Malformed(owned()));
        }
        if let Some(path) = text.strip_prefix("file:") {
            return local(path).ok_or_else(|| BaseUrlError::Malformed(owned()));
        }
        let url: Uri = text.parse().map_err(|_| BaseUrlError::Malformed(owned()))?;
        match (url.scheme_str(), url.host()) {
            (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(Self(with_slash(text))),
            (None | Some("http" | "https"), _) => Err(BaseUrlError::Malformed(owned())),
            (Some(_), _) => Err(BaseUrlError::Scheme(owned())),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The bytes that percent-encoded text stands for, unless an escape is cut short or not hexadecimal.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    Some(bytes)
}

/// Everything but RFC 3986's unreserved characters and `/` is escaped: some mirrors read a bare `+` as a blank.
pub(crate) fn encode_path(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            other => write!(text, "%{other:02x}").expect("writing to a string cannot fail"),
        }
    }
    text
}

/// `file:/x` and `file:///x` are the same folder; apt takes both (sources.list(5)).
fn local(path: &str) -> Option<BaseUrl> {
    let path = path.strip_prefix("//").unwrap_or(path);
    path.starts_with('/')
        .then(|| BaseUrl(format!("file://{}", with_slash(path))))
}

/// The scheme, the host and the port of a web address (RFC 6454).
fn origin(url: &str) -> Option<(String, String, u16)> {
    let url: Uri = url.split('#').next()?.parse().ok()?;
    let scheme = url.scheme_str()?.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = url.host()?.to_ascii_lowercase();
    Some((scheme, host, url.port_u16().unwrap_or(port)))
}

fn with_slash(text: &str) -> String {
    format!("{}/", text.trim_end_matches('/'))
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn roots_are_folders_one_can_ask() {
        let root: BaseUrl = "http://mirror.example/debian".parse().unwrap();
        assert_eq!(root.as_str(), "http://mirror.example/debian/");
        assert_eq!(
            "file:/srv/x".parse::<BaseUrl>().unwrap().as_str(),
            "file:///srv/x/"
        );
        for bad in [
            "",
            "x",
            "/x",
            "ftp://mirror.example/",
            "http:///x",
            "http://m.example/?a",
            "file:x",
            "http://m.example/a b",
        ] {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_version_survives_the_url() {
        let root: BaseUrl = "http://mirror.example/debian/".parse().unwrap();
        let url = "http://mirror.example/debian/pool/libc6_2.36-9%2bdeb12u14_amd64.deb";
        let location = root.relative(url).unwrap();
        assert_eq!(location.as_str(), "pool/libc6_2.36-9+deb12u14_amd64.deb");
        assert_eq!(root.join(&location), url);
        assert_eq!(root.relative("http://other.example/debian/pool/x"), None);
        assert_eq!(root.relative("http://mirror.example/debian/%2e%2e/x"), None);
    }

    #[test]
    fn a_root_covers_its_server_and_no_other() {
        let root: BaseUrl = "http://127.0.0.1:3141/simple/".parse().unwrap();
        for url in [
            "http://127.0.0.1:3141/files/a",
            "HTTP://127.0.0.1:3141/simple/a#x",
        ] {
            assert!(root.covers(url), "{url}");
        }
        for url in [
            "http://127.0.0.1/simple/a",
            "https://127.0.0.1:3141/simple/a",
            "http://127.0.0.1:3141@m.example/simple/a",
            "http://m.example/?http://127.0.0.1:3141/",
            "file:///simple/a",
        ] {
            assert!(!root.covers(url), "{url}");
        }
        let root: BaseUrl = "file:///srv/mirror/".parse().unwrap();
        assert!(root.covers("file:///srv/mirror/a/b"));
        for url in [
            "file:///srv/mirror/../secret",
            "file:///srv/mirror/%2e%2e/secret",
            "file:///srv/mirrors",
            "file:/srv/mirror/a",
            "http://srv/mirror/a",
        ] {
            assert!(!root.covers(url), "{url}");
        }
    }

    proptest! {
        #[test]
        fn join_and_relative_are_inverse(path in "[ -~]{1,40}") {
            let root: BaseUrl = "https://mirror.example/a/".parse().unwrap();
            if let Ok(location) = path.parse::<RelPath>() {
                prop_assert_eq!(root.relative(&root.join(&location)), Some(location));
            }
        }

        #[test]
        fn decoding_never_panics(text in ".{0,30}") {
            let _bytes = decode(&text);
        }
    }
}
