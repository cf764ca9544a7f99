//! Where inputs may come from: an address, or all addresses below one.

use std::fmt;
use std::str::FromStr;

use zwieback_model::purl::PLACES;
use zwieback_model::read_from_text;

use super::input_address;

/// An address, or a prefix of addresses that ends in `/*` or `@*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePattern {
    prefix: String,
    open: bool,
}

/// Text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcePatternError {
    /// A star elsewhere: `example.com*` would let `example.com.evil.example` in.
    #[error("{0:?}: a `*` may only stand at the end, after `/` or `@`, or `folder:` and its like")]
    Star(String),
    /// An address with several spellings.
    #[error("{0:?} is not written in its only spelling")]
    Spelling(String),
}

impl SourcePattern {
    /// Whether that address is one of the pattern's. It must be plain: see [`is_plain`].
    pub fn matches(&self, address: &str) -> bool {
        if self.passes_over(address) {
            return false;
        }
        match address.strip_prefix(&self.prefix) {
            Some(rest) => self.open != rest.is_empty(),
            None => false,
        }
    }

    /// Whether every address of the other pattern is one of this pattern's.
    pub fn covers(&self, other: &Self) -> bool {
        let is_below = self.open && other.prefix.starts_with(&self.prefix);
        self == other || is_below && !self.passes_over(&other.prefix)
    }

    /// All packages of a registry are not those that lie elsewhere: these are named with their place.
    fn passes_over(&self, address: &str) -> bool {
        let is_said = |place| places(&self.prefix).any(|said| said == place);
        self.open && !places(address).all(is_said)
    }
}

/// The qualifiers of a package URL that say where it lies, in the stead of the place that its type means. A
/// `pkg:generic` has no registry to be missed in.
fn places(address: &str) -> impl Iterator<Item = &'static str> {
    let is_package = address.starts_with("pkg:") && !address.starts_with("pkg:generic/");
    let query = address.split_once('?').filter(|_| is_package);
    let parts = query.map_or("", |(_, query)| query).split(['&', '#']);
    parts.filter_map(|part| {
        let key = part.split('=').next().unwrap_or_default();
        PLACES
            .into_iter()
            .find(|place| key.eq_ignore_ascii_case(place))
    })
}

/// Whether an address has one spelling, so that comparing its text compares what it means.
///
/// Refused are what URI readers normalise, or people overlook: upper case in scheme, type and host,
/// `.` and `..`, empty segments, user names before a host, escapes of characters that need none or
/// that separate, backslashes, blanks and characters that are not ASCII.
pub fn is_plain(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once(':') else {
        return false;
    };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
        // A path alone: what it names has no host and no ecosystem.
        None if input_address::is_given(address) => ("", rest),
        // What a purl has first is its type: the ecosystem.
        None => rest.split_once('/').unwrap_or(("", rest)),
    };
    let host = |c: char| lower(c) || c == ':';
    let path = path.split(['?', '#']).next().unwrap_or(path);
    !scheme.is_empty()
        && scheme.chars().all(lower)
        && authority.chars().all(host)
        && !path.split('/').any(|part| matches!(part, "" | "." | ".."))
        && address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && escapes_are_needed(address)
}

fn escapes_are_needed(address: &str) -> bool {
    address.split('%').skip(1).all(|rest| {
        let digits = rest.get(..2).unwrap_or_default();
        let upper = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        let code = u8::from_str_radix(digits, 16).ok().filter(|_| upper);
        code.is_some_and(|code| {
            let unreserved = code.is_ascii_alphanumeric() || b"-._~".contains(&code);
            !unreserved && code != b'/' && code != b'\\' && !code.is_ascii_control()
        })
    })
}

impl FromStr for SourcePattern {
    type Err = SourcePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (prefix, open) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        // A scheme that is given here has nobody's host after it.
        let is_scheme = input_address::is_given(prefix) && prefix.ends_with(':');
        let ends = prefix.ends_with(['/', '@']) || is_scheme;
        if prefix.contains('*') || open && !ends {
            return Err(SourcePatternError::Star(text.to_owned()));
        }
        if !is_plain(&format!("{prefix}{}", if open { "x" } else { "" })) {
            return Err(SourcePatternError::Spelling(text.to_owned()));
        }
        let prefix = prefix.to_owned();
        Ok(Self { prefix, open })
    }
}

impl fmt::Display for SourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, if self.open { "*" } else { "" })
    }
}

read_from_text!(SourcePattern);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_one_spelling() {
        for address in [
            "pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source",
            "pkg:npm/%40scope/name@1.0.0",
            "pkg:cargo/serde@1.0.0",
            "git+https://example.com/project@v1",
            "https://mirror.example:8443/file.tar.gz?version=../x",
        ] {
            assert!(is_plain(address), "{address}");
        }
        for address in [
            "zlib",
            "PKG:deb/debian/zlib@1",
            "pkg:DEB/debian/zlib@1",
            "pkg:deb/debian/../evil/zlib@1",
            "pkg:deb//zlib@1",
            "pkg:deb/debian/%2e%2e/zlib@1",
            "pkg:deb/debian/%2E%2E/zlib@1",
            "pkg:deb/debian%2Fzlib@1",
            "pkg:deb/debian/zl%69b@1",
            "pkg:npm/%4",
            "https://user@example.com/x",
            "https://Example.com/x",
            "https://example.com\\@evil.example/x",
            "pkg:deb/debian/zl\u{0456}b@1",
            "pkg:deb/debian/zlib@1 ",
        ] {
            assert!(!is_plain(address), "{address}");
        }
    }

    #[test]
    fn a_registrys_packages_are_not_those_that_lie_elsewhere() {
        let pattern = |text: &str| text.parse::<SourcePattern>().unwrap();
        let all = pattern("pkg:npm/*");
        let moved = "pkg:npm/left@1.0.0?download_url=https://m.example/left.tgz";
        assert!(all.matches("pkg:npm/left@1.0.0") && !all.matches(moved));
        assert!(!pattern("pkg:npm/left@*").matches(moved));
        let there = pattern("pkg:npm/left@1.0.0?download_url=https://m.example/*");
        assert!(there.matches(moved) && pattern(moved).matches(moved));
        assert!(!all.covers(&there) && there.covers(&pattern(moved)));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (all, purl) in [
            ("pkg:npm/*", "pkg:npm/tool"),
            ("pkg:github/acme/*", "pkg:github/acme/tool"),
            ("pkg:deb/debian/tool@*", "pkg:deb/debian/tool"),
        ] {
            let purl = format!("{purl}@{commit}");
            assert!(pattern(all).matches(&purl), "{purl}");
            for place in ["vcs_url=git%2Bhttp://evil.example/x", "repository_url=x"] {
                assert!(!pattern(all).matches(&format!("{purl}?{place}")), "{place}");
                assert!(
                    !pattern(all).matches(&format!("{purl}?a=b&{place}")),
                    "{place}"
                );
            }
        }
        let two = format!("{moved}&vcs_url=git%2Bhttp://evil.example/x");
        assert!(!there.matches(&two), "one place is named, and it has two");
        let generic = "pkg:generic/a@1?download_url=https://m.example/a";
        assert!(pattern("pkg:generic/*").matches(generic));
    }

    #[test]
    fn patterns() {
        let pattern = |text: &str| text.parse::<SourcePattern>();
        let debian = pattern("pkg:deb/debian/*").unwrap();
        assert!(debian.matches("pkg:deb/debian/zlib@1"));
        assert!(!debian.matches("pkg:deb/debian/"));
        assert!(!debian.matches("pkg:deb/debian-evil/zlib@1"));
        assert!(!debian.matches("pkg:deb/Debian/zlib@1"));
        let one = pattern("pkg:deb/debian/zlib@1").unwrap();
        assert!(one.matches("pkg:deb/debian/zlib@1"));
        assert!(!one.matches("pkg:deb/debian/zlib@12"));
        assert!(debian.covers(&one) && !one.covers(&debian));
        let folders = pattern("folder:*").unwrap();
        assert!(folders.matches("folder:web") && !folders.matches("recipe:web"));
        for bad in [
            "*",
            "folder:web*",
            "pkg:*",
            "pkg:deb/*/zlib",
            "https://example.com*",
            "pkg:deb/../*",
        ] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
