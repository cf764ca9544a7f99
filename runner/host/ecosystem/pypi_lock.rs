//! `pylock.toml` (PEP 751) and `requirements.txt` with digests: the files they pin.

use std::collections::BTreeMap;

use serde::Deserialize;
use zwieback_model::digest::Digest;
use zwieback_model::package_file::{python_project as normalized, python_version as version_of};
use zwieback_model::purl::Purl;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::offer::Offer;
use crate::ecosystem::pypi::pinned;

/// The names of the files; the first that is there counts.
pub const FILES: [&str; 2] = ["pylock.toml", "requirements.txt"];

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// A project that is wanted in one version, as one of several files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The package.
    pub purl: Purl,
    /// The files that would do; the index knows which digest is which file.
    pub digests: Vec<Digest>,
}

/// What a lockfile pins: whole files, or digests that an index has to be asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// Files.
    pub offers: Vec<Offer>,
    /// Digests without names.
    pub wanted: Vec<Wanted>,
}

/// Reads either kind of lockfile.
pub fn pins(file: &str, text: &str) -> Result<Pins, EcosystemError> {
    if file == FILES[0] {
        let offers = pylock(file, text)?;
        return Ok(Pins {
            offers,
            wanted: Vec::new(),
        });
    }
    Ok(Pins {
        offers: Vec::new(),
        wanted: requirements(file, text)?,
    })
}

/// A wheel for any machine, else the sdist: others depend on the machine that resolves.
fn pylock(file: &str, text: &str) -> Result<Vec<Offer>, EcosystemError> {
    let lock: Lock = toml::from_str(text).map_err(|error| wrong(file, error.message()))?;
    lock.packages
        .iter()
        .map(|package| choose(file, package))
        .collect()
}

fn choose(lockfile: &str, package: &Package) -> Result<Offer, EcosystemError> {
    let project = normalized(&package.name);
    let pure = package.wheels.iter().find(|file| file.is_pure());
    let nothing = || {
        wrong(
            lockfile,
            &format!("{project} has neither a pure wheel nor an sdist"),
        )
    };
    let file = pure.or(package.sdist.as_ref()).ok_or_else(nothing)?;
    let name = file.file_name();
    let digest = file.hashes.get("sha256").and_then(|hex| hex.parse().ok());
    let digest = digest.ok_or_else(|| EcosystemError::NoDigest {
        place: lockfile.to_owned(),
        package: name.clone(),
        by: "no SHA-256",
    })?;
    let told = package.version.as_deref().or(version_of(&name, &project));
    let version = told.ok_or_else(|| wrong(lockfile, &format!("{project} has no version")))?;
    let mut offer = pinned(&project, version, &name, digest)?;
    offer.elsewhere.clone_from(&file.url);
    Ok(offer)
}

/// Lines `NAME==VERSION --hash=sha256:…`, continued by a backslash.
fn requirements(file: &str, text: &str) -> Result<Vec<Wanted>, EcosystemError> {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| requirement(file, line)).collect()
}

fn requirement(file: &str, line: &str) -> Result<Wanted, EcosystemError> {
    let mut words = line.split_whitespace();
    let what = words.next().unwrap_or_default().trim_end_matches(';');
    let shape = || wrong(file, &format!("{line:?} is not NAME==VERSION with digests"));
    let (name, version) = what.split_once("==").ok_or_else(shape)?;
    let name = name.split('[').next().unwrap_or(name);
    if name.is_empty() || name.starts_with('-') || version.contains('*') {
        return Err(shape());
    }
    let hashes = words.filter_map(|word| word.strip_prefix("--hash=sha256:"));
    let digests: Vec<Digest> = hashes.filter_map(|hex| hex.parse().ok()).collect();
    if digests.is_empty() {
        return Err(EcosystemError::NoDigest {
            place: file.to_owned(),
            package: what.to_owned(),
            by: "no SHA-256",
        });
    }
    let purl = Purl::new("pypi", None, &normalized(name), version, &[])?;
    Ok(Wanted { purl, digests })
}

impl File {
    fn file_name(&self) -> String {
        let last = self.url.as_deref().and_then(|url| url.rsplit('/').next());
        self.name.as_deref().or(last).unwrap_or_default().to_owned()
    }

    fn is_pure(&self) -> bool {
        self.file_name().ends_with("-none-any.whl")
    }
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

    #[test]
    fn requirements_need_digests() {
        let digest = Digest::sha256(b"x");
        let text = format!(
            "# made by a tool\nFoo_Bar[extra]==1.0 ; python_version > \"3\" \\\n    --hash=sha256:{digest} # why\n\n"
        );
        let pins = pins("requirements.txt", &text).unwrap();
        assert_eq!(pins.wanted[0].purl.as_str(), "pkg:pypi/foo-bar@1.0");
        assert_eq!(pins.wanted[0].digests, [digest]);
        for bad in [
            "foo==1.0",
            "foo==1.0 --hash=md5:00",
            "foo>=1.0 --hash=sha256:00",
            "-r other.txt",
            "foo==1.*",
        ] {
            assert!(super::pins("requirements.txt", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pylock_names_files() {
        let digest = Digest::sha256(b"x");
        let text = format!(
            "[[packages]]\nname = \"A.b\"\nversion = \"1\"\nwheels = [{{ url = \"http://m.example/a_b-1-py3-none-any.whl\", hashes = {{ sha256 = \"{digest}\" }} }}]\n"
        );
        let found = pins("pylock.toml", &text).unwrap().offers;
        assert_eq!(found[0].file.as_str(), "a_b-1-py3-none-any.whl");
        assert_eq!(found[0].purl.as_str(), "pkg:pypi/a-b@1");
        let unpinned = text.replace("sha256", "md5");
        assert!(matches!(
            pins("pylock.toml", &unpinned),
            Err(EcosystemError::NoDigest { .. })
        ));
    }
}
