//! `pkg:npm`: a tarball, by the integrity that the configured registry states.

use serde::Deserialize;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::ecosystem::client_program::ask;
use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::{Offer, Promise};
use crate::endpoints::base_url::BaseUrl;
use crate::launch::client::NPM;

#[derive(Deserialize)]
struct Dist {
    tarball: String,
    #[serde(default)]
    integrity: Option<String>,
}

/// What the registry offers for a package: npm is asked, so scopes and credentials are the user's.
pub fn offer(purl: &Purl) -> Result<Offer, EcosystemError> {
    let none = || EcosystemError::NoVersion(purl.clone());
    let (name, version) = (registry_name(purl)?, purl.version().ok_or_else(none)?);
    if !is_exact_version(version) {
        let why = format!("{version:?} is no exact version");
        return Err(EcosystemError::answer("the recipe", why));
    }
    let exact = format!("{name}@{version}");
    let answer = ask(&NPM, &["view", "--json", &exact, "dist"])?;
    if answer.trim().is_empty() {
        return Err(EcosystemError::NoSuchFile {
            purl: purl.clone(),
            wanted: format!("version {version}"),
            files: Vec::new(),
        });
    }
    let dist: Dist =
        serde_json::from_str(&answer).map_err(|error| EcosystemError::answer("npm", error))?;
    tarball(
        &name,
        version,
        dist.integrity.as_deref(),
        Some(dist.tarball),
        "npm",
    )
}

/// The version that the registry calls the latest.
pub fn newest(purl: &Purl) -> Result<Option<String>, EcosystemError> {
    let name = registry_name(purl)?;
    let answer = ask(&NPM, &["view", &name, "version"])?;
    let version = answer.trim();
    Ok((!version.is_empty()).then(|| version.to_owned()))
}

/// The roots of the registries that npm is configured with, for packages of these scopes.
pub fn roots<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Vec<BaseUrl> {
    let scopes = scopes.into_iter().filter(|scope| is_scope(scope));
    let keys = scopes.map(|scope| format!("{scope}:registry"));
    let keys = keys.chain(["registry".to_owned()]);
    keys.filter_map(|key| {
        ask(&NPM, &["config", "get", &key])
            .ok()?
            .trim()
            .parse()
            .ok()
    })
    .collect()
}

/// The offer of a tarball with what a registry or a lockfile says of it.
pub(crate) fn tarball(
    name: &str,
    version: &str,
    integrity: Option<&str>,
    url: Option<String>,
    told_by: &str,
) -> Result<Offer, EcosystemError> {
    let unpinned = |by| EcosystemError::NoDigest {
        place: told_by.to_owned(),
        package: format!("{name}@{version}"),
        by,
    };
    let integrity = integrity.ok_or_else(|| unpinned("nothing"))?;
    let promise = Promise::from_integrity(integrity).ok_or_else(|| unpinned("no SHA-512"))?;
    let (namespace, base) = match name.split_once('/') {
        Some((scope, base)) => (Some(scope), base),
        None => (None, name),
    };
    let file = format!("{base}-{version}.tgz");
    let location: RelPath = format!("{name}/-/{file}").parse()?;
    // Two scopes may have a package of one name: the file's name tells them apart.
    let scope = namespace.map_or_else(String::new, |scope| {
        format!("{}-", scope.trim_start_matches('@'))
    });
    Ok(Offer {
        purl: Purl::new("npm", namespace, base, version, &[])?,
        file: format!("{scope}{file}").parse()?,
        promise,
        locations: vec![location],
        places: url.into_iter().filter(|url| url.contains("://")).collect(),
        elsewhere: None,
    })
}

/// The name of a package of a registry. npm takes much else in its place (addresses, repositories, files,
/// options), and would run what it finds there.
fn registry_name(purl: &Purl) -> Result<String, EcosystemError> {
    let is_scoped = purl.namespace().is_none_or(is_scope);
    if is_scoped && is_word(purl.name()) {
        return Ok(full_name(purl));
    }
    let why = format!("{:?} is no name of a package", full_name(purl));
    Err(EcosystemError::answer("the recipe", why))
}

fn is_scope(scope: &str) -> bool {
    scope.strip_prefix('@').is_some_and(is_word)
}

/// A part of a name, by the rules of validate-npm-package-name for packages of any age.
fn is_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!'()*".contains(&byte);
    !word.is_empty() && !word.starts_with(['-', '.', '_']) && word.bytes().all(plain)
}

/// `MAJOR.MINOR.PATCH` with what may follow (semver.org, items 2, 9 and 10): no range and no tag.
fn is_exact_version(version: &str) -> bool {
    let end = version.find(['-', '+']).unwrap_or(version.len());
    let numbers: Vec<&str> = version[..end].split('.').collect();
    let is_number =
        |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte);
    numbers.len() == 3 && numbers.iter().all(is_number) && version[end..].bytes().all(plain)
}

/// The name with its scope.
pub fn full_name(purl: &Purl) -> String {
    purl.namespace().map_or_else(
        || purl.name().to_owned(),
        |scope| format!("{scope}/{}", purl.name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_is_asked_for_packages_of_a_registry_alone() {
        let named = |text: &str| registry_name(&text.parse().unwrap());
        for name in [
            "pkg:npm/%40a/b@1.0.0",
            "pkg:npm/JSONStream@1.0.0",
            "pkg:npm/a.b_c@1.0.0",
        ] {
            assert!(named(name).is_ok(), "{name}");
        }
        for name in [
            "pkg:npm/https:/x%40github.com%5Cuser%5Crepo@1.0.0",
            "pkg:npm/http:/127.0.0.1:1/x@1.0.0",
            "pkg:npm/file:/etc/x@1.0.0",
            "pkg:npm/user/repository@1.0.0",
            "pkg:npm/--logs-dir%3D/tmp/x@1.0.0",
            "pkg:npm/-g@1.0.0",
        ] {
            assert!(named(name).is_err(), "{name}");
        }
        assert!(["1.0.0", "1.0.0-rc.1+b"].into_iter().all(is_exact_version));
        let others = [
            "latest",
            "^1.0.0",
            "1.0",
            "git+https://x",
            "1.0.0 || 2",
            "npm:x@1.0.0",
            "",
        ];
        assert!(!others.into_iter().any(is_exact_version));
        assert!(!is_scope("--logs-dir=/tmp/x") && is_scope("@a"));
    }

    #[test]
    fn a_scope_is_part_of_the_name() {
        let integrity = format!("sha512-{}==", "A".repeat(86));
        let offer = tarball("@a/b", "1.0.0", Some(&integrity), None, "npm").unwrap();
        assert_eq!(full_name(&offer.purl), "@a/b");
        assert_eq!(offer.file.as_str(), "a-b-1.0.0.tgz");
        assert_eq!(offer.locations[0].as_str(), "@a/b/-/b-1.0.0.tgz");
    }

    #[test]
    fn a_weak_digest_is_none() {
        for integrity in [None, Some("sha1-AAAA")] {
            let error = tarball("b", "1.0.0", integrity, None, "npm").unwrap_err();
            assert!(matches!(error, EcosystemError::NoDigest { .. }));
            assert!(error.hint().is_some());
        }
    }
}
