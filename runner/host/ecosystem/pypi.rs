//! `pkg:pypi`: an sdist or a wheel, by the JSON of the index that pip is configured with (PEP 691, PEP 700).
//!
//! pip itself is never run on a package: to download an sdist it would run the package's build code.

use std::collections::BTreeMap;

use serde::Deserialize;
use zwieback_model::digest::Digest;
use zwieback_model::package_file::{python_project as normalized, python_version as version_of};
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::ecosystem::client_program::ask;
use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::{Offer, Promise};
use crate::endpoints::base_url::BaseUrl;
use crate::endpoints::relative_reference::join;
use crate::fetch::client::Client;
use crate::launch::client::{PIP, PYTHON};

const JSON: &str = "application/vnd.pypi.simple.v1+json";
/// Longer than the page of any project.
const LONGEST: u64 = 64 << 20;
/// How pip itself names its index where nobody configured one.
const DEFAULT: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";

#[derive(Deserialize)]
struct Page {
    files: Vec<File>,
}

/// One file of a project's page.
#[derive(Clone, Debug, Deserialize)]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// What the indices offer for a package: the named file, else its sdist, else a wheel for any machine.
pub fn offer(
    purl: &Purl,
    file: Option<&str>,
    indices: &[BaseUrl],
    client: &Client,
) -> Result<Offer, EcosystemError> {
    let version = purl
        .version()
        .ok_or_else(|| EcosystemError::NoVersion(purl.clone()))?;
    let project = normalized(purl.name());
    let mut files = of_project(purl, indices, client)?;
    files.retain(|file| version_of(&file.filename, &project).is_some_and(|it| it == version));
    let chosen = choose(&files, file).ok_or_else(|| EcosystemError::NoSuchFile {
        purl: purl.clone(),
        wanted: file.map_or_else(|| "sdist or pure wheel".to_owned(), str::to_owned),
        files: files.iter().map(|file| file.filename.clone()).collect(),
    })?;
    let digest = chosen.hashes.get("sha256").and_then(|hex| hex.parse().ok());
    let digest = digest.ok_or_else(|| EcosystemError::NoDigest {
        place: "the index".to_owned(),
        package: chosen.filename.clone(),
        by: "no SHA-256",
    })?;
    let mut offer = pinned(&project, version, &chosen.filename, digest)?;
    offer.purl = purl.clone();
    offer.places.push(chosen.url.clone());
    Ok(offer)
}

/// The newest version that is a release: numbers and dots only (PEP 440, final releases).
pub fn newest(
    purl: &Purl,
    indices: &[BaseUrl],
    client: &Client,
) -> Result<Option<String>, EcosystemError> {
    let project = normalized(purl.name());
    let files = of_project(purl, indices, client)?;
    let versions = files
        .iter()
        .filter_map(|file| version_of(&file.filename, &project));
    let numbers = |version: &str| -> Option<Vec<u64>> {
        version.split('.').map(|part| part.parse().ok()).collect()
    };
    let releases = versions.filter_map(|version| Some((numbers(version)?, version.to_owned())));
    Ok(releases.max().map(|(_, version)| version))
}

/// What the indices offer under one of these digests; a wheel for any machine before an sdist.
pub fn offer_pinned(
    purl: &Purl,
    digests: &[Digest],
    indices: &[BaseUrl],
    client: &Client,
) -> Result<Offer, EcosystemError> {
    let version = purl
        .version()
        .ok_or_else(|| EcosystemError::NoVersion(purl.clone()))?;
    let files = of_project(purl, indices, client)?;
    let digest_of = |file: &File| -> Option<Digest> { file.hashes.get("sha256")?.parse().ok() };
    let is_pinned = |file: &&File| digest_of(file).is_some_and(|it| digests.contains(&it));
    let pinned_files: Vec<File> = files.iter().filter(is_pinned).cloned().collect();
    let wheel = pinned_files
        .iter()
        .find(|file| file.filename.ends_with("-none-any.whl"));
    let chosen = wheel.or_else(|| choose(&pinned_files, None));
    let found = chosen.and_then(|file| Some((file, digest_of(file)?)));
    let (file, digest) = found.ok_or_else(|| EcosystemError::NoSuchFile {
        purl: purl.clone(),
        wanted: "pure wheel or sdist with one of the pinned digests".to_owned(),
        files: files.iter().map(|file| file.filename.clone()).collect(),
    })?;
    let mut offer = pinned(purl.name(), version, &file.filename, digest)?;
    offer.places.push(file.url.clone());
    Ok(offer)
}

/// The URLs that the indices name for a file of this digest.
pub fn places(purl: &Purl, sha256: Digest, indices: &[BaseUrl], client: &Client) -> Vec<String> {
    let hex = sha256.to_hex();
    let pages = indices
        .iter()
        .map(|index| format!("{index}{}/", normalized(purl.name())));
    pages
        .filter_map(|page| read(&page, &client.read(&page, JSON, LONGEST).ok()?).ok())
        .flatten()
        .filter(|file| file.hashes.get("sha256") == Some(&hex))
        .map(|file| file.url)
        .collect()
}

/// Every file of a project, from all indices that answer.
fn of_project(
    purl: &Purl,
    indices: &[BaseUrl],
    client: &Client,
) -> Result<Vec<File>, EcosystemError> {
    let project = normalized(purl.name());
    let (mut files, mut asked) = (Vec::new(), Vec::new());
    for index in indices {
        let page = format!("{index}{project}/");
        match client.read(&page, JSON, LONGEST) {
            Ok(bytes) => files.extend(read(&page, &bytes)?),
            Err(failure) => asked.push((page, failure)),
        }
    }
    if files.is_empty() && !asked.is_empty() {
        let file = project.parse()?;
        return Err(EcosystemError::Unavailable { file, asked });
    }
    Ok(files)
}

/// The indices pip is configured with; its own default where there is none.
pub fn indices() -> Vec<BaseUrl> {
    let configured = ask(&PIP, &["config", "list"]).unwrap_or_default();
    let mut found: Vec<BaseUrl> = configured.lines().flat_map(index_urls).collect();
    if found.is_empty() {
        let default = ask(&PYTHON, &["-c", DEFAULT]).unwrap_or_default();
        found.extend(default.trim().parse().ok());
    }
    found
}

/// The offer of a file whose digest is known.
pub(crate) fn pinned(
    project: &str,
    version: &str,
    file: &str,
    sha256: Digest,
) -> Result<Offer, EcosystemError> {
    let location: RelPath = format!("{project}/{file}").parse()?;
    Ok(Offer {
        purl: Purl::new("pypi", None, project, version, &[])?,
        file: file.parse()?,
        promise: Promise::Sha256(sha256),
        locations: vec![location],
        places: Vec::new(),
        elsewhere: None,
    })
}

fn read(page: &str, bytes: &[u8]) -> Result<Vec<File>, EcosystemError> {
    let parsed: Page = serde_json::from_slice(bytes)
        .map_err(|_| EcosystemError::answer(page, "it is not the JSON of PEP 691"))?;
    let whole = |mut file: File| {
        file.url = join(page, &file.url)?;
        Some(file)
    };
    Ok(parsed.files.into_iter().filter_map(whole).collect())
}

fn choose<'f>(files: &'f [File], wanted: Option<&str>) -> Option<&'f File> {
    let ends = |ending: &str| files.iter().find(|file| file.filename.ends_with(ending));
    match wanted {
        Some(wanted) => files.iter().find(|file| file.filename == wanted),
        None => ends(".tar.gz").or_else(|| ends("-none-any.whl")),
    }
}

/// The URLs in a line such as `global.index-url='…'` or `:env:.extra-index-url='…'`.
fn index_urls(line: &str) -> Vec<BaseUrl> {
    let Some((key, value)) = line.split_once('=') else {
        return Vec::new();
    };
    let is_index =
        ["index-url", "extra-index-url"].contains(&key.rsplit('.').next().unwrap_or(key));
    let urls = value.trim_matches('\'').split([' ', '\n']);
    urls.filter(|_| is_index)
        .filter_map(|url| url.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indices_are_read_from_the_configuration() {
        let lines = "global.cert='/c'\nglobal.index-url='http://a.example/simple'\n:env:.extra-index-url='http://b.example/ http://c.example/'\ninstall.find-links='http://d.example'";
        let urls: Vec<String> = lines
            .lines()
            .flat_map(index_urls)
            .map(|url| url.to_string())
            .collect();
        assert_eq!(
            urls,
            [
                "http://a.example/simple/",
                "http://b.example/",
                "http://c.example/"
            ]
        );
    }

    #[test]
    fn an_sdist_before_a_wheel_and_the_named_before_both() {
        let page = br#"{"files":[{"filename":"a-1-py3-none-any.whl","url":"w"},{"filename":"a-1.tar.gz","url":"../s#sha256=x"}]}"#;
        let files = read("http://m.example/simple/a/", page).unwrap();
        assert_eq!(
            choose(&files, None).unwrap().url,
            "http://m.example/simple/s"
        );
        assert_eq!(
            choose(&files, Some("a-1-py3-none-any.whl")).unwrap().url,
            "http://m.example/simple/a/w"
        );
        assert!(choose(&files, Some("b")).is_none());
        assert!(read("p", b"<html>").is_err());
    }
}
