//! From names of packages to pinned files, with apt's own resolver.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_model::digest::Digest;
use zwieback_model::locked_input::{FileName, FileNameError, LockedInput};
use zwieback_model::purl::{Purl, PurlError};
use zwieback_model::rel_path::RelPath;

use crate::deb::apt_client::{AptError, HELPER};
use crate::deb::apt_state::AptState;
use crate::deb::package::{DebFileName, Request, RequestError};
use crate::deb::source_locations;
use crate::deb::uri_list::{self, UriLine, UriLineError};

/// Why packages could not be pinned.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// apt found no answer.
    #[error(transparent)]
    Apt(#[from] AptError),
    /// Its answer could not be read.
    #[error("apt's answer: {0}")]
    Answer(#[from] UriLineError),
    /// Its answer names a file that is no package.
    #[error("apt names {0:?}, which is no package file")]
    NotAPackage(String),
    /// Its answer names a file that cannot be staged.
    #[error("apt names a file that cannot be staged: {0}")]
    File(#[from] FileNameError),
    /// Its answer lies outside every archive it is configured with.
    #[error("{0} lies below none of the archives apt is configured with")]
    Elsewhere(String),
    /// The request is no package.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The package has no package URL.
    #[error(transparent)]
    Purl(#[from] PurlError),
    /// The package URL is not one of a Debian source package.
    #[error("{0} is no Debian source package with a version")]
    NotASource(Purl),
    /// The source package has no such file.
    #[error("{purl} has no file {file:?}; it has {}", .files.join(", "))]
    NoSuchFile {
        /// The source package.
        purl: Purl,
        /// The file that was asked for.
        file: String,
        /// The files that there are.
        files: Vec<String>,
    },
}

impl ResolveError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Apt(error) => error.hint(),
            Self::Purl(error) => error.hint(),
            Self::NotASource(_) => {
                Some("write it as `pkg:deb/debian/NAME@VERSION?arch=source`".to_owned())
            }
            Self::Elsewhere(_) => Some("list the archive with an http or https URL".to_owned()),
            _ => None,
        }
    }
}

/// The packages and everything they depend on, in the order of their purls.
pub fn closure(state: &AptState, packages: &[Request]) -> Result<Vec<LockedInput>, ResolveError> {
    let wanted: Vec<String> = packages.iter().map(ToString::to_string).collect();
    let mut args = vec!["-qq", "-y", "--print-uris", "install"];
    args.extend(wanted.iter().map(String::as_str));
    let lines = uri_list::parse(&state.ask("apt-get", &args)?)?;
    let mut inputs = lines
        .iter()
        .map(|line| package_input(state, line))
        .collect::<Result<Vec<_>, _>>()?;
    add_other_locations(state, &mut inputs)?;
    inputs.sort_by(|a, b| a.purl.cmp(&b.purl));
    Ok(inputs)
}

/// One file of a source package, such as the original archive.
pub fn source_file(state: &AptState, purl: &Purl, file: &str) -> Result<LockedInput, ResolveError> {
    let request = source_request(purl)?.to_string();
    let lines = named_by_apt(state, &request)?;
    let line =
        lines
            .iter()
            .find(|line| line.file == file)
            .ok_or_else(|| ResolveError::NoSuchFile {
                purl: purl.clone(),
                file: file.to_owned(),
                files: lines.iter().map(|line| line.file.clone()).collect(),
            })?;
    let mut input = input(state, line, purl.clone())?;
    for location in source_locations::find(state, &input.sha256)? {
        if !input.locations.contains(&location) {
            input.locations.push(location);
        }
    }
    Ok(input)
}

/// The names of the files of a source package.
pub fn source_files(state: &AptState, purl: &Purl) -> Result<Vec<String>, ResolveError> {
    let request = source_request(purl)?.to_string();
    Ok(named_by_apt(state, &request)?
        .into_iter()
        .map(|line| line.file)
        .collect())
}

/// The version of a source package that apt would take.
pub fn newest_source(state: &AptState, name: &str) -> Result<Option<String>, ResolveError> {
    let request: Request = name.parse()?;
    let lines = named_by_apt(state, &request.to_string())?;
    let dsc = lines.iter().find_map(|line| line.file.strip_suffix(".dsc"));
    let chosen = dsc
        .and_then(|file| file.split_once('_'))
        .map(|(_, version)| version);
    let told = state.ask(
        "apt-cache",
        &["showsrc", "--only-source", &request.to_string()],
    )?;
    let mut versions = told
        .lines()
        .filter_map(|line| line.strip_prefix("Version: "));
    // File names leave the epoch out.
    let plain = |version: &str| {
        version
            .split_once(':')
            .map_or(version, |(_, rest)| rest)
            .to_owned()
    };
    let version = versions.find(|version| Some(plain(version).as_str()) == chosen);
    Ok(version.map(str::to_owned))
}

fn named_by_apt(state: &AptState, request: &str) -> Result<Vec<UriLine>, ResolveError> {
    let arguments = ["-qq", "--print-uris", "--only-source", "source", request];
    Ok(uri_list::parse(&state.ask("apt-get", &arguments)?)?)
}

fn source_request(purl: &Purl) -> Result<Request, ResolveError> {
    match (purl.kind(), purl.qualifier("arch"), purl.version()) {
        ("deb", Some("source"), Some(version)) => Ok(Request::exact(purl.name(), version)?),
        _ => Err(ResolveError::NotASource(purl.clone())),
    }
}

fn package_input(state: &AptState, line: &UriLine) -> Result<LockedInput, ResolveError> {
    let package = DebFileName::parse(&line.file)
        .ok_or_else(|| ResolveError::NotAPackage(line.file.clone()))?;
    let release = state.platform().release.as_str();
    let qualifiers = [("arch", package.architecture.as_str()), ("distro", release)];
    let purl = Purl::new(
        "deb",
        Some("debian"),
        &package.name,
        &package.version,
        &qualifiers,
    )?;
    input(state, line, purl)
}

fn input(state: &AptState, line: &UriLine, purl: Purl) -> Result<LockedInput, ResolveError> {
    let location = state
        .roots()
        .iter()
        .find_map(|root| root.relative(&line.url))
        .ok_or_else(|| ResolveError::Elsewhere(line.url.clone()))?;
    Ok(LockedInput {
        source: None,
        purl,
        file: line.file.parse::<FileName>()?,
        sha256: line.sha256,
        blake3: None,
        size: line.size,
        locations: vec![location],
    })
}

/// The same bytes often lie in several pockets, and a superseded file leaves one of them first:
/// a file of the security pocket answered 404 while another suite still listed its digest.
///
/// The indices themselves are read, because `apt-cache show` prints one of several equal packages.
fn add_other_locations(state: &AptState, inputs: &mut [LockedInput]) -> Result<(), ResolveError> {
    let wanted: BTreeSet<Digest> = inputs.iter().map(|input| input.sha256).collect();
    let indices = state.ask(
        "apt-get",
        &[
            "indextargets",
            "--format",
            "$(FILENAME)",
            "Created-By: Packages",
        ],
    )?;
    let mut known = BTreeMap::new();
    for index in indices.lines() {
        collect_locations(
            &state.ask(HELPER, &["cat-file", index])?,
            &wanted,
            &mut known,
        );
    }
    for input in inputs {
        for location in known.remove(&input.sha256).into_iter().flatten() {
            if !input.locations.contains(&location) {
                input.locations.push(location);
            }
        }
    }
    Ok(())
}

/// Where the stanzas of an index say the wanted digests lie.
fn collect_locations(
    index: &str,
    wanted: &BTreeSet<Digest>,
    known: &mut BTreeMap<Digest, Vec<RelPath>>,
) {
    let (mut location, mut digest) = (None, None);
    for line in index.lines().chain([""]) {
        if let Some(path) = line.strip_prefix("Filename: ") {
            location = Some(path);
        } else if let Some(hex) = line.strip_prefix("SHA256: ") {
            digest = hex.parse().ok().filter(|digest| wanted.contains(digest));
        } else if line.is_empty() {
            let path = location.take().and_then(|path| path.parse().ok());
            if let (Some(digest), Some(path)) = (digest.take(), path) {
                known.entry(digest).or_default().push(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digest_in_two_pockets() {
        let (digest, other) = (Digest::sha256(b"x"), Digest::sha256(b"y"));
        let index = format!(
            "Package: a\nFilename: pool/updates/a.deb\nSHA256: {digest}\n\nPackage: b\nSHA256: {other}\nFilename: pool/b.deb\n\n\nPackage: a\nSHA256: {digest}\nFilename: pool/main/a.deb"
        );
        let mut known = BTreeMap::new();
        collect_locations(&index, &[digest].into(), &mut known);
        let paths: Vec<_> = known[&digest].iter().map(RelPath::as_str).collect();
        assert_eq!(paths, ["pool/updates/a.deb", "pool/main/a.deb"]);
        assert_eq!(known.len(), 1);
    }

    #[test]
    fn only_source_packages_have_source_files() {
        for bad in [
            "pkg:deb/debian/zlib@1?arch=amd64",
            "pkg:deb/debian/zlib?arch=source",
            "pkg:npm/zlib@1",
        ] {
            let error = source_request(&bad.parse().unwrap()).unwrap_err();
            assert!(matches!(error, ResolveError::NotASource(_)), "{bad}");
        }
        let good = "pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source"
            .parse()
            .unwrap();
        assert_eq!(
            source_request(&good).unwrap().to_string(),
            "zlib=1:1.2.13.dfsg-1"
        );
    }
}
