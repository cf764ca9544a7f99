//! `pkg:npm`: a tarball, by the integrity that the configured registry states.

use serde::Deserialize;
use zwieback_core::purl::Purl;
use zwieback_core::rel_path::RelPath;

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
    let (name, version) = (full_name(purl), purl.version().ok_or_else(none)?);
    if name.starts_with('-') {
        return Err(EcosystemError::answer(
            "the recipe",
            "a package whose name is an option",
        ));
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
    let name = full_name(purl);
    if name.starts_with('-') {
        return Err(EcosystemError::answer("npm", "a name that is an option"));
    }
    let answer = ask(&NPM, &["view", &name, "version"])?;
    let version = answer.trim();
    Ok((!version.is_empty()).then(|| version.to_owned()))
}

/// The roots of the registries that npm is configured with, for packages of these scopes.
pub fn roots<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Vec<BaseUrl> {
    let keys = scopes.into_iter().map(|scope| format!("{scope}:registry"));
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
    })
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
