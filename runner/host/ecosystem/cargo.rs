//! `pkg:cargo`: a crate, by the checksum of the index that cargo itself is configured with.

use std::fs;
use std::path::Path;

use zwieback_model::purl::Purl;

use crate::ecosystem::cargo_lock;
use crate::ecosystem::client_program::ask;
use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::Offer;
use crate::launch::client::CARGO;

/// What the configured registry offers for a crate.
///
/// cargo is asked to lock a package that depends on it: that reads indices only, runs no code, and
/// obeys source replacement, credentials and proxies.
pub fn offer(purl: &Purl) -> Result<Offer, EcosystemError> {
    let version = version(purl)?;
    let mut found = resolved(purl, &format!("={version}"))?.into_iter();
    let found = found.find(|offer| offer.purl.version() == Some(version));
    found.ok_or_else(|| EcosystemError::NoSuchFile {
        purl: purl.clone(),
        wanted: format!("version {version}"),
        files: Vec::new(),
    })
}

/// The newest version of a crate that is no pre-release.
pub fn newest(purl: &Purl) -> Result<Option<String>, EcosystemError> {
    let found = resolved(purl, "*")?;
    Ok(found
        .first()
        .and_then(|offer| offer.purl.version().map(str::to_owned)))
}

/// What a requirement comes to today.
fn resolved(purl: &Purl, requirement: &str) -> Result<Vec<Offer>, EcosystemError> {
    let temporary = Path::new("a temporary folder");
    let folder = tempfile::tempdir().map_err(EcosystemError::io("mkdir", temporary))?;
    let manifest = folder.path().join("Cargo.toml");
    let written = fs::create_dir(folder.path().join("src"))
        .and_then(|()| fs::write(folder.path().join("src/lib.rs"), ""))
        .and_then(|()| fs::write(&manifest, asking_for(purl.name(), requirement)));
    written.map_err(EcosystemError::io("write", &manifest))?;
    let shown = manifest.to_string_lossy();
    ask(
        &CARGO,
        &["generate-lockfile", "--quiet", "--manifest-path", &shown],
    )?;
    let lock = folder.path().join("Cargo.lock");
    let text = fs::read_to_string(&lock).map_err(EcosystemError::io("read", &lock))?;
    let mut offers = cargo_lock::offers(&text)?;
    offers.retain(|offer| offer.purl.name() == purl.name());
    Ok(offers)
}

fn version(purl: &Purl) -> Result<&str, EcosystemError> {
    let none = || EcosystemError::NoVersion(purl.clone());
    purl.version().ok_or_else(none)
}

fn asking_for(name: &str, requirement: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    format!(
        "[package]\nname = \"zwieback-asks\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\nasked = {{ package = {}, version = {}, default-features = false }}\n",
        quoted(name),
        quoted(requirement)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_break_out_of_the_question() {
        let text = asking_for("a\"\n[patch.x]", "=1");
        let table: toml::Table = text.parse().unwrap();
        assert!(table.get("patch").is_none());
        assert_eq!(
            table["dependencies"]["asked"]["version"].as_str(),
            Some("=1")
        );
    }
}
