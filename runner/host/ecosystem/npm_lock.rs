//! `package-lock.json` (version 2 and 3): the tarballs it pins, and itself led to local ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::npm::tarball;
use crate::ecosystem::offer::Offer;

/// The names of the file; the first one counts for npm too.
pub const FILES: [&str; 2] = ["npm-shrinkwrap.json", "package-lock.json"];

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "lockfileVersion")]
    version: u32,
    #[serde(default)]
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(default, rename = "inBundle")]
    in_bundle: bool,
    #[serde(default)]
    os: Vec<String>,
    #[serde(default)]
    cpu: Vec<String>,
}

/// The tarballs of a registry, each once however often it is installed.
pub fn offers(file: &str, text: &str) -> Result<Vec<Offer>, EcosystemError> {
    let lock: Lock = serde_json::from_str(text).map_err(|error| wrong(file, &error.to_string()))?;
    if !(2..=3).contains(&lock.version) {
        let why = format!("lockfileVersion {} is not 2 or 3", lock.version);
        return Err(wrong(file, &why));
    }
    let mut offers = BTreeMap::new();
    for (path, package) in &lock.packages {
        let Some(name) = installed_name(path, package) else {
            continue;
        };
        let offer = one(file, name, package)?;
        if let Some(known) = offers.insert(offer.purl.clone(), offer.clone())
            && known.promise != offer.promise
        {
            return Err(wrong(
                file,
                &format!("it pins {} by two digests", offer.purl),
            ));
        }
    }
    Ok(offers.into_values().collect())
}

/// The lockfile with every `resolved` leading to a tarball in `folder`: what `npm ci --offline` takes.
pub fn led_to(file: &str, text: &str, folder: &str) -> Result<String, EcosystemError> {
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| wrong(file, &error.to_string()))?;
    let packages = value.get_mut("packages").and_then(Value::as_object_mut);
    for (path, entry) in packages.into_iter().flatten() {
        let package: Package = serde_json::from_value(entry.clone())
            .map_err(|error| wrong(file, &error.to_string()))?;
        if let (Some(name), Some(entry)) = (installed_name(path, &package), entry.as_object_mut()) {
            let tarball = one(file, name, &package)?.file;
            let place = Value::from(format!("file:{folder}/{tarball}"));
            entry.insert("resolved".to_owned(), place);
        }
    }
    // What version 2 repeats for npm 6 would still lead to the registry.
    if let Some(top) = value.as_object_mut() {
        top.remove("dependencies");
        top.insert("lockfileVersion".to_owned(), Value::from(3));
    }
    Ok(format!("{value:#}\n"))
}

fn one(file: &str, name: &str, package: &Package) -> Result<Offer, EcosystemError> {
    let version = package.version.as_deref().unwrap_or_default();
    let resolved = package.resolved.as_deref().unwrap_or_default();
    if resolved.starts_with("git") || resolved.starts_with("file:") {
        let why = format!("{name} comes from {resolved}: only registries have digests");
        return Err(wrong(file, &why));
    }
    let mut offer = tarball(name, version, package.integrity.as_deref(), None, file)?;
    // The author of a lockfile writes what he likes: the registry is asked first, whatever he says.
    offer.elsewhere = Some(resolved)
        .filter(|address| address.contains("://"))
        .map(str::to_owned);
    Ok(offer)
}

/// The name of a package that comes from outside; the project itself, its workspaces and bundled ones do not.
fn installed_name<'p>(path: &'p str, package: &'p Package) -> Option<&'p str> {
    let (_, name) = path.rsplit_once("node_modules/")?;
    let is_inside = package.link || package.in_bundle;
    let is_for_us = runs_on(&package.os, "linux") && runs_on(&package.cpu, "x64");
    (!is_inside && is_for_us).then(|| package.name.as_deref().unwrap_or(name))
}

/// npm's own rule for `os` and `cpu`: one of those named, and none of those named with `!`.
fn runs_on(named: &[String], platform: &str) -> bool {
    let (refused, wanted): (Vec<_>, Vec<_>) = named.iter().partition(|it| it.starts_with('!'));
    let is_refused = refused.iter().any(|it| &it[1..] == platform);
    !is_refused && (wanted.is_empty() || wanted.iter().any(|it| *it == platform))
}

fn wrong(file: &str, why: &str) -> EcosystemError {
    EcosystemError::Lockfile {
        file: file.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(entry: &str) -> String {
        format!(
            r#"{{"lockfileVersion":3,"packages":{{"":{{"name":"own"}},"packages/a":{{"version":"1.0.0"}},
            "node_modules/a":{{"resolved":"packages/a","link":true}},
            "node_modules/x/node_modules/@s/b":{{"version":"1.2.3",{entry}}}}}}}"#
        )
    }

    fn pinned() -> String {
        format!("\"integrity\":\"sha512-{}==\"", "A".repeat(86))
    }

    #[test]
    fn what_comes_from_outside_is_pinned_and_led_inside() {
        let text = lock(&format!(
            "{},\"resolved\":\"http://m.example/@s/b/-/b-1.2.3.tgz\"",
            pinned()
        ));
        let found = offers("package-lock.json", &text).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].purl.as_str(), "pkg:npm/%40s/b@1.2.3");
        let led = led_to("package-lock.json", &text, "../.npm").unwrap();
        assert!(
            led.contains("\"resolved\": \"file:../.npm/s-b-1.2.3.tgz\""),
            "{led}"
        );
        assert!(!led.contains("m.example"));
    }

    #[test]
    fn what_another_machine_would_run_is_left_out() {
        for (entry, count) in [
            ("\"os\":[\"linux\"],\"cpu\":[\"x64\"]", 1),
            ("\"os\":[\"!win32\"]", 1),
            ("\"os\":[\"!linux\"]", 0),
            ("\"cpu\":[\"arm64\"]", 0),
        ] {
            let text = lock(&format!("{},{entry}", pinned()));
            assert_eq!(
                offers("package-lock.json", &text).unwrap().len(),
                count,
                "{entry}"
            );
        }
    }

    #[test]
    fn without_a_strong_digest_nothing_is_taken() {
        for entry in ["\"x\":1", "\"integrity\":\"sha1-AAAA\""] {
            let error = offers("package-lock.json", &lock(entry)).unwrap_err();
            assert!(matches!(error, EcosystemError::NoDigest { .. }), "{entry}");
        }
        let git = format!("{},\"resolved\":\"git+ssh://m.example/x\"", pinned());
        assert!(offers("package-lock.json", &lock(&git)).is_err());
        assert!(offers("package-lock.json", r#"{"lockfileVersion":1}"#).is_err());
        assert!(offers("package-lock.json", "{").is_err());
    }
}
