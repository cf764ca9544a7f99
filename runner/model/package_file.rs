//! What a package URL says of a file of its package: the file's name, and where it lies below the roots of
//! its ecosystem.
//!
//! A lock writes both down. They follow from the URL, so that a lock that says otherwise names one package
//! and has the bytes of another fetched. A kind of package without a rule here cannot be locked at all.

use std::borrow::Cow;

use crate::locked_input::FileName;
use crate::purl::Purl;
use crate::rel_path::RelPath;

/// Where one file lies that is no file of its ecosystem's registry (purl-spec, known qualifiers).
pub const DOWNLOAD_URL: &str = "download_url";
/// So many letters of a commit are in the name of its archive.
const SHORT_COMMIT: usize = 12;
/// Endings of a source distribution of Python.
const SDISTS: [&str; 4] = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz"];

/// Why a file is not one of the package that it is said to be of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtherFile {
    /// No rule tells where its files lie.
    #[error("packages of the type `{0}` cannot be locked")]
    Kind(String),
    /// A part of the URL that the rule needs is missing or has another form.
    #[error("{purl} does not say which {what}")]
    Incomplete {
        /// The package.
        purl: Purl,
        /// What it lacks.
        what: &'static str,
    },
    /// The file has another name than the package's.
    #[error("the file of {purl} is called `{expected}`")]
    Name {
        /// The package.
        purl: Purl,
        /// What its file is called.
        expected: String,
    },
    /// The file's name is that of another project or version.
    #[error("that is no name of a file of {0}")]
    Foreign(Purl),
    /// The place is that of another file.
    #[error("{purl} does not lie at {location}")]
    Place {
        /// The package.
        purl: Purl,
        /// The place that was named.
        location: RelPath,
    },
}

/// A package of Debian that is installed, as text: thousands of statements are read that name a hundred each.
///
/// Its URL is taken in its canonical spelling alone, in which nothing but a `+` is written as an escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebPackage<'a> {
    name: Cow<'a, str>,
    version: Cow<'a, str>,
    architecture: Cow<'a, str>,
    release: Cow<'a, str>,
}

impl<'a> DebPackage<'a> {
    /// Reads `pkg:deb/debian/NAME@VERSION?arch=ARCHITECTURE&distro=RELEASE`.
    pub fn read(purl: &'a str) -> Option<Self> {
        let (name, rest) = purl.strip_prefix("pkg:deb/debian/")?.split_once('@')?;
        let (version, query) = rest.split_once('?')?;
        let (architecture, release) = query.strip_prefix("arch=")?.split_once('&')?;
        Some(Self {
            name: plain(name)?,
            version: plain(version)?,
            architecture: plain(architecture)?,
            release: plain(release.strip_prefix("distro=")?)?,
        })
    }

    /// Its name.
    pub fn into_name(self) -> Cow<'a, str> {
        self.name
    }

    /// Whether it can be installed on that architecture of that release.
    pub fn is_for(&self, release: &str, architecture: &str) -> bool {
        self.release == release && [architecture, "all"].contains(&&*self.architecture)
    }

    /// What its file is called. apt spells the colon of an epoch.
    pub fn file(&self) -> String {
        let version = self.version.replace(':', "%3a");
        [&self.name, "_", &version, "_", &self.architecture, ".deb"].concat()
    }

    /// Whether that is a place of it in an archive, where names leave the epoch out.
    pub fn lies_at(&self, location: &str) -> bool {
        let (folder, file) = location.rsplit_once('/').unwrap_or(("", location));
        let version = self.version.split_once(':');
        let version = version.map_or(&*self.version, |(_, rest)| rest);
        let mut rest = Some(file);
        for part in [&self.name, "_", version, "_", &self.architecture, ".deb"] {
            rest = rest.and_then(|text| text.strip_prefix(part));
        }
        // Most places have no two dots at all: looking for them costs less than taking the place apart.
        let leads_up = || folder.split('/').any(|part| part == "..");
        rest == Some("") && !(folder.contains("..") && leads_up())
    }
}

/// The text without its escapes, if it has none but those of a `+` and no other character than a package has.
fn plain(text: &str) -> Option<Cow<'_, str>> {
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    let text = text.replace("%2B", "+");
    is_plain(&text).then_some(Cow::Owned(text))
}

fn is_plain(text: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'~' | b':');
    !text.is_empty() && text.bytes().all(is_plain)
}

/// What the name of a file has to be.
enum Called {
    /// This.
    Exactly(String),
    /// Whatever the manifest says: the package has several files.
    ByManifest,
    /// One that holds the project and the version (PEP 427, PEP 625).
    OfPython,
}

/// Where a file lies below the roots of its ecosystem.
enum Lies {
    /// There and nowhere else.
    At(String),
    /// In whatever folder, under this name.
    Under(String),
    /// In no registry.
    Nowhere,
}

/// Makes sure that a file is of the package whose URL it has, by its name and every place it is said to lie at.
pub fn check(purl: &Purl, file: &FileName, locations: &[RelPath]) -> Result<(), OtherFile> {
    let (called, lies) = rule(purl, file)?;
    match called {
        Called::Exactly(expected) if expected != file.as_str() => {
            let purl = purl.clone();
            return Err(OtherFile::Name { purl, expected });
        }
        Called::OfPython if !is_of_python(purl, file.as_str()) => {
            return Err(OtherFile::Foreign(purl.clone()));
        }
        _ => {}
    }
    let lies = if is_elsewhere(purl) {
        Lies::Nowhere
    } else {
        lies
    };
    let is_there = |location: &&RelPath| match &lies {
        Lies::At(place) => location.as_str() == place,
        Lies::Under(name) => location.parts().last() == Some(name.as_str()),
        Lies::Nowhere => false,
    };
    match locations.iter().find(|location| !is_there(location)) {
        Some(location) => Err(OtherFile::Place {
            purl: purl.clone(),
            location: location.clone(),
        }),
        None => Ok(()),
    }
}

/// Whether the file is one that a place of its own has, in the stead of its ecosystem's registry.
pub fn is_elsewhere(purl: &Purl) -> bool {
    purl.kind() != "generic" && purl.qualifier(DOWNLOAD_URL).is_some()
}

/// A project's name in its one spelling (PEP 503).
pub fn python_project(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The version in the name of a wheel or an sdist (PEP 427, PEP 625).
pub fn python_version<'f>(file: &'f str, project: &str) -> Option<&'f str> {
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let (name, version) = (parts.next()?, parts.next()?);
        return (python_project(name) == project).then_some(version);
    }
    let stem = SDISTS.iter().find_map(|ending| file.strip_suffix(ending))?;
    let (name, version) = stem.rsplit_once('-')?;
    (python_project(name) == project).then_some(version)
}

fn rule(purl: &Purl, file: &FileName) -> Result<(Called, Lies), OtherFile> {
    let incomplete = |what| {
        let purl = purl.clone();
        OtherFile::Incomplete { purl, what }
    };
    let version = || purl.version().ok_or_else(|| incomplete("version"));
    if purl.is_repository() {
        let commit = version()?.get(..SHORT_COMMIT);
        let commit = commit.ok_or_else(|| incomplete("commit"))?;
        let name = format!("{}-{commit}.tar", purl.name());
        return Ok((Called::Exactly(name), Lies::Nowhere));
    }
    let name = purl.name();
    Ok(match purl.kind() {
        "deb" if purl.qualifier("arch") == Some("source") => {
            (Called::ByManifest, Lies::Under(file.to_string()))
        }
        "cargo" => {
            let version = version()?;
            (
                Called::Exactly(format!("{name}-{version}.crate")),
                Lies::At(format!("{name}/{version}/download")),
            )
        }
        "npm" => {
            let tarball = format!("{name}-{}.tgz", version()?);
            let scope = purl.namespace().map(|scope| scope.trim_start_matches('@'));
            let scoped = scope.map_or_else(String::new, |scope| format!("{scope}-"));
            let folder = purl
                .namespace()
                .map_or_else(String::new, |folder| format!("{folder}/"));
            (
                Called::Exactly(format!("{scoped}{tarball}")),
                Lies::At(format!("{folder}{name}/-/{tarball}")),
            )
        }
        "pypi" => (
            Called::OfPython,
            Lies::At(format!("{}/{file}", python_project(name))),
        ),
        "generic" => (Called::ByManifest, Lies::At(file.to_string())),
        other => return Err(OtherFile::Kind(other.to_owned())),
    })
}

fn is_of_python(purl: &Purl, file: &str) -> bool {
    let told = python_version(file, &python_project(purl.name()));
    let plain = |version: &str| {
        // `1.0` and `1.0.0` are one release (PEP 440).
        let version = version.replace(['-', '_'], "+").to_ascii_lowercase();
        let mut rest = version.as_str();
        while let Some(shorter) = rest.strip_suffix(".0") {
            rest = shorter;
        }
        rest.to_owned()
    };
    match (told, purl.version()) {
        (Some(told), Some(version)) => plain(told) == plain(version),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(purl: &str, file: &str, location: &str) -> Result<(), OtherFile> {
        let locations: Vec<RelPath> = [location]
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(|line| line.parse().unwrap())
            .collect();
        check(&purl.parse().unwrap(), &file.parse().unwrap(), &locations)
    }

    #[test]
    fn a_file_has_the_name_and_the_place_of_its_package() {
        for (purl, file, location, wrong) in [
            (
                "pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source",
                "zlib_1.2.13.dfsg.orig.tar.bz2",
                "pool/main/z/zlib/zlib_1.2.13.dfsg.orig.tar.bz2",
                "pool/main/h/hello/hello_2.10.orig.tar.gz",
            ),
            (
                "pkg:cargo/memchr@2.7.4",
                "memchr-2.7.4.crate",
                "memchr/2.7.4/download",
                "memchr2/2.7.4/download",
            ),
            (
                "pkg:npm/%40a/b@1.0.0",
                "a-b-1.0.0.tgz",
                "@a/b/-/b-1.0.0.tgz",
                "b/-/b-1.0.0.tgz",
            ),
            (
                "pkg:pypi/MarkupSafe@3.0",
                "markupsafe-3.0.0.tar.gz",
                "markupsafe/markupsafe-3.0.0.tar.gz",
                "other/markupsafe-3.0.0.tar.gz",
            ),
            ("pkg:generic/a@1", "a.tar", "a.tar", "b/a.tar"),
            (
                "pkg:github/acme/tool@0123456789abcdef0123456789abcdef01234567",
                "tool-0123456789ab.tar",
                "",
                "tool-0123456789ab.tar",
            ),
        ] {
            assert_eq!(checked(purl, file, location), Ok(()), "{purl}");
            let refused = checked(purl, file, wrong).unwrap_err();
            assert!(matches!(refused, OtherFile::Place { .. }), "{refused}");
        }
    }

    #[test]
    fn a_package_of_debian_has_one_file_and_one_name_for_it() {
        let read = DebPackage::read;
        let purl = "pkg:deb/debian/zlib1g@1:1.2.13%2Bdfsg-1?arch=amd64&distro=bookworm";
        let zlib = read(purl).unwrap();
        assert_eq!(zlib.file(), "zlib1g_1%3a1.2.13+dfsg-1_amd64.deb");
        assert!(zlib.lies_at("pool/main/z/zlib/zlib1g_1.2.13+dfsg-1_amd64.deb"));
        assert!(zlib.lies_at("zlib1g_1.2.13+dfsg-1_amd64.deb"));
        for other in [
            "pool/zlib1g_1.2.14+dfsg-1_amd64.deb",
            "pool/zlib1g_1:1.2.13+dfsg-1_amd64.deb",
            "pool/zlib1g_1.2.13+dfsg-1_amd64.deb.x",
            "../zlib1g_1.2.13+dfsg-1_amd64.deb",
        ] {
            assert!(!zlib.lies_at(other), "{other}");
        }
        assert!(zlib.is_for("bookworm", "amd64") && !zlib.is_for("trixie", "amd64"));
        assert!(!zlib.is_for("bookworm", "arm64"));
        for bad in [
            "pkg:deb/debian/zlib1g@1?arch=amd64",
            "pkg:deb/debian/zlib1g@1?distro=bookworm&arch=amd64",
            "pkg:deb/ubuntu/zlib1g@1?arch=amd64&distro=bookworm",
            "pkg:deb/debian/zlib%31g@1?arch=amd64&distro=bookworm",
            "pkg:deb/debian/a/b@1?arch=amd64&distro=bookworm",
            "pkg:deb/debian/a@1?arch=amd64&distro=bookworm&x=y",
            "pkg:deb/debian/@1?arch=amd64&distro=bookworm",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn another_packages_file_is_refused() {
        for (purl, file) in [
            ("pkg:deb/debian/zlib1g@1?arch=amd64", "zlib1g_1_amd64.deb"),
            ("pkg:cargo/memchr@2.7.4", "memchr-2.7.3.crate"),
            ("pkg:npm/react@18.0.0", "react-18.0.1.tgz"),
            ("pkg:pypi/idna@3.10", "idna-3.9.tar.gz"),
            ("pkg:pypi/idna@3.10", "other-3.10.tar.gz"),
            ("pkg:pypi/idna", "idna-3.10.tar.gz"),
            ("pkg:github/acme/tool@main", "tool-main.tar"),
            ("pkg:golang/x.example/y@1", "y.zip"),
        ] {
            assert!(checked(purl, file, "").is_err(), "{purl} {file}");
        }
    }

    #[test]
    fn names_of_files_hold_versions() {
        for (file, version) in [
            ("Foo_Bar-1.0.tar.gz", Some("1.0")),
            ("foo.bar-1.0-py3-none-any.whl", Some("1.0")),
            ("foo_bar-extra-1.0.tar.gz", None),
            ("foo_bar-1.0.exe", None),
        ] {
            assert_eq!(python_version(file, "foo-bar"), version, "{file}");
        }
    }

    #[test]
    fn what_lies_elsewhere_lies_in_no_registry() {
        let url = "?download_url=https://m.example/react.tgz";
        let purl = format!("pkg:npm/react@18.0.0{url}");
        assert_eq!(checked(&purl, "react-18.0.0.tgz", ""), Ok(()));
        assert!(checked(&purl, "react-18.0.0.tgz", "react/-/react-18.0.0.tgz").is_err());
    }
}
