//! `Cargo.lock`: the crates it pins.

use serde::Deserialize;
use zwieback_model::digest::Digest;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::{Offer, Promise};

/// The name of the file.
pub const FILE: &str = "Cargo.lock";

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// The crates that lie in a registry; packages without a source are the workspace's own.
pub fn offers(text: &str) -> Result<Vec<Offer>, EcosystemError> {
    let lock: Lock = toml::from_str(text).map_err(|error| wrong(error.message()))?;
    let mut registry = None;
    let mut offers = Vec::new();
    for package in &lock.package {
        let Some(source) = package.source.as_deref() else {
            continue;
        };
        if !source.starts_with("registry+") && !source.starts_with("sparse+") {
            return Err(wrong(&format!(
                "{} {} comes from {source}: only registries have checksums",
                package.name, package.version
            )));
        }
        // One directory source can stand in for one registry only.
        if *registry.get_or_insert(source) != source {
            return Err(wrong("it names several registries"));
        }
        offers.push(one(package)?);
    }
    Ok(offers)
}

fn one(package: &Package) -> Result<Offer, EcosystemError> {
    let checksum = package.checksum.as_deref().and_then(|hex| hex.parse().ok());
    let checksum = checksum.ok_or_else(|| EcosystemError::NoDigest {
        place: FILE.to_owned(),
        package: format!("{} {}", package.name, package.version),
        by: "no checksum",
    })?;
    crate_file(&package.name, &package.version, checksum)
}

/// The offer of a crate whose checksum is known.
fn crate_file(name: &str, version: &str, checksum: Digest) -> Result<Offer, EcosystemError> {
    // The path that a registry without a template serves it under.
    let location: RelPath = format!("{name}/{version}/download").parse()?;
    Ok(Offer {
        purl: Purl::new("cargo", None, name, version, &[])?,
        file: format!("{name}-{version}.crate").parse()?,
        promise: Promise::Sha256(checksum),
        locations: vec![location],
        places: Vec::new(),
        elsewhere: None,
    })
}

fn wrong(why: &str) -> EcosystemError {
    EcosystemError::Lockfile {
        file: FILE.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(source: &str, checksum: &str) -> String {
        format!(
            "version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n[[package]]\nname = \"memchr\"\nversion = \"2.7.4\"\nsource = \"{source}\"\n{checksum}\n"
        )
    }

    #[test]
    fn only_what_has_a_checksum_is_taken() {
        let checksum = format!("checksum = \"{}\"", Digest::sha256(b"x"));
        let found = offers(&lock("registry+http://m.example/index", &checksum)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].purl.as_str(), "pkg:cargo/memchr@2.7.4");
        assert_eq!(found[0].file.as_str(), "memchr-2.7.4.crate");
        for bad in ["", "checksum = \"00\""] {
            let error = offers(&lock("sparse+http://m.example/", bad)).unwrap_err();
            assert!(matches!(error, EcosystemError::NoDigest { .. }), "{bad}");
        }
        let git = offers(&lock("git+http://m.example/a#1", &checksum)).unwrap_err();
        assert!(git.to_string().contains("only registries"), "{git}");
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        let checksum = format!("checksum = \"{}\"", Digest::sha256(b"x"));
        let text = lock("registry+x", &checksum).replace("memchr", "../memchr");
        assert!(offers(&text).is_err());
    }
}
