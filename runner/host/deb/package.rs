//! Names and versions of Debian packages, as Debian Policy 5.6.7 and 5.6.12 spell them.

use std::fmt;
use std::str::FromStr;

/// What apt is asked for: a package, and a version where it must be exactly that one.
///
/// The spelling is checked, so that no request can be read as an option of apt-get or as
/// its `name-` for "remove".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    name: String,
    version: Option<String>,
}

/// The name, version and architecture that a package's file name is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebFileName {
    /// The package.
    pub name: String,
    /// Its version with the epoch.
    pub version: String,
    /// Its architecture, or `all`.
    pub architecture: String,
}

/// Text that is not a package, or a package and its version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a Debian package: NAME or NAME=VERSION is expected")]
pub struct RequestError(String);

impl Request {
    /// A package of exactly this version.
    pub fn exact(name: &str, version: &str) -> Result<Self, RequestError> {
        format!("{name}={version}").parse()
    }
}

impl FromStr for Request {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if is_name(name) && version.is_none_or(is_version) {
            Ok(Self {
                name: name.to_owned(),
                version: version.map(str::to_owned),
            })
        } else {
            Err(RequestError(text.to_owned()))
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}={version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl DebFileName {
    /// Takes `NAME_VERSION_ARCH.deb` apart, where a colon in the version is `%3a`.
    pub fn parse(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(".deb")?;
        let parts: Vec<&str> = stem.split('_').collect();
        let [name, version, architecture] = parts[..] else {
            return None;
        };
        let version = version.replace("%3a", ":");
        (is_name(name) && is_version(&version) && is_name(architecture)).then(|| Self {
            name: name.to_owned(),
            version,
            architecture: architecture.to_owned(),
        })
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+.-".contains(&b);
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(allowed)
        && !text.ends_with('-')
}

fn is_version(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".+:~-".contains(&b);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_an_option_or_a_removal() {
        for good in [
            "bash",
            "g++",
            "lua5.4",
            "zlib1g=1:1.2.13.dfsg-1",
            "gcc=4:12.2.0-3",
        ] {
            assert_eq!(good.parse::<Request>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "-y",
            "--reinstall",
            "bash-",
            "Bash",
            "a b",
            "bash=",
            "bash=-1",
            "bash=1 -y",
            "x/sid",
        ] {
            assert!(bad.parse::<Request>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_name_holds_the_whole_version() {
        let parsed = DebFileName::parse("zlib1g_1%3a1.2.13.dfsg-1~x+y_amd64.deb").unwrap();
        assert_eq!(parsed.name, "zlib1g");
        assert_eq!(parsed.version, "1:1.2.13.dfsg-1~x+y");
        assert_eq!(parsed.architecture, "amd64");
        for bad in ["", ".deb", "a_1.deb", "a_1_2_3.deb", "zlib_1.2.dsc"] {
            assert_eq!(DebFileName::parse(bad), None, "{bad}");
        }
    }
}
