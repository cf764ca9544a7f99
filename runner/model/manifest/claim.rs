//! What a manifest claims of every entry of its lock.
//!
//! A lock pins what a manifest asks for. It is believed in what the manifest leaves open, and in nothing
//! else: each entry belongs to a source or a part, is of the package that this names, has the file name,
//! the digest and the place that follow from it, and nothing that is asked for is missing. This is the one
//! place where that is decided, for builds, rechecks and statements alike.

use std::collections::{BTreeMap, BTreeSet};

use super::lockfile::LockedFolder;
use super::source::{Origin, Source, Vendor};
use super::toolchain::Toolchain;
use crate::digest::Digest;
use crate::locked_input::{FileName, LockedInput};
use crate::name::Name;
use crate::package_file::{self, DOWNLOAD_URL, DebPackage, OtherFile};
use crate::purl::{Package, Purl};
use crate::rel_path::RelPath;

/// An entry that is not what its manifest claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}`: {why}")]
pub struct Unclaimed {
    /// The file, or the source.
    pub entry: String,
    /// What is wrong with it.
    #[source]
    pub why: Contradiction,
}

/// What a manifest says, and a lock says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// No source, part or lockfile can have brought it.
    #[error("nothing in the manifest asks for {0}")]
    Stray(Purl),
    /// A source or a part has nothing.
    #[error("the lock has no file of it")]
    Missing,
    /// One file is asked for, and there are several.
    #[error("the lock has several files of it")]
    Several,
    /// One would take the place of the other.
    #[error("the lock has two files of that name")]
    Twice,
    /// Other bytes than the author of the manifest knows.
    #[error("the manifest says sha256 {manifest}, the lock says {lock}")]
    Digest {
        /// In the manifest.
        manifest: Digest,
        /// In the lock.
        lock: Digest,
    },
    /// Another file than the manifest names.
    #[error("the manifest says {0:?}")]
    FileName(String),
    /// The manifest does not say which file it is.
    #[error("the manifest names neither a file nor a URL")]
    NoFileName,
    /// A folder that is another's, or no folder.
    #[error("the manifest names another folder, or none")]
    Folder,
    /// A package that the closure cannot have.
    #[error("{0} is no package of the release and architecture that the manifest names")]
    OtherRelease(String),
    /// A place of another package.
    #[error("it does not lie at {0}")]
    Place(String),
    /// It lies where its package URL does not say.
    #[error(
        "the manifest has it lie at a `url` of its own, and {0} says the place that its type means; say so by `vcs_url`"
    )]
    Moved(Purl),
    /// Its package URL says otherwise.
    #[error(transparent)]
    OtherFile(#[from] OtherFile),
}

/// What an entry is to the source that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// The source itself.
    Own,
    /// A repository inside of it.
    Submodule,
    /// Pinned by a lockfile inside of it.
    Vendored,
}

/// A source, by which each of its inputs is looked up: a stranger's has as many as fit into a statement.
#[derive(Clone, Debug)]
pub struct Claimant<'s> {
    source: &'s Source,
    submodules: BTreeSet<Package<'s>>,
}

impl<'s> Claimant<'s> {
    /// Of a source.
    pub fn new(source: &'s Source) -> Self {
        let submodules = source.submodules.values().map(Purl::package).collect();
        Self { source, submodules }
    }

    /// What an input is to the source, if it is anything.
    pub fn belongs(&self, input: &LockedInput) -> Option<Belongs> {
        let purl = &input.purl;
        if self.source.purl.as_ref() == Some(purl) {
            Some(Belongs::Own)
        } else if self.submodules.contains(&purl.package()) {
            Some(Belongs::Submodule)
        } else {
            let vendor = self.source.vendor.map(Vendor::kind);
            (vendor == Some(purl.kind())).then_some(Belongs::Vendored)
        }
    }

    /// Whether an input is one of those that make up the source itself.
    pub fn is_own(&self, input: &LockedInput) -> bool {
        let belongs = self.belongs(input);
        matches!(belongs, Some(Belongs::Own | Belongs::Submodule))
    }
}

/// Holds the entries of a recipe's lock against the recipe's sources.
pub fn check_sources(
    sources: &BTreeMap<Name, Source>,
    inputs: &[LockedInput],
    folders: &[LockedFolder],
) -> Result<(), Unclaimed> {
    let claimants: BTreeMap<&Name, Claimant<'_>> = sources
        .iter()
        .map(|(name, source)| (name, Claimant::new(source)))
        .collect();
    for input in inputs {
        let claimant = input.source.as_ref().and_then(|name| claimants.get(name));
        if claimant.is_none_or(|claimant| claimant.belongs(input).is_none()) {
            return Err(stray(input));
        }
    }
    let inputs = by_source(inputs.iter().map(|input| (input.source.as_ref(), input)));
    let of_folders = folders.iter();
    let of_folders = by_source(of_folders.map(|folder| (Some(&folder.source), folder)));
    for (name, claimant) in &claimants {
        check_source(name, claimant, of(&inputs, name))?;
        check_folder(name, claimant.source, of(&of_folders, name))?;
    }
    match folders
        .iter()
        .find(|folder| !sources.contains_key(&folder.source))
    {
        Some(stray) => Err(wrong(&stray.source, Contradiction::Folder)),
        None => Ok(()),
    }
}

/// Holds the entries of a toolchain's lock against the toolchain.
pub fn check_toolchain(toolchain: &Toolchain, inputs: &[LockedInput]) -> Result<(), Unclaimed> {
    let (packages, parts): (Vec<_>, Vec<_>) =
        inputs.iter().partition(|input| input.source.is_none());
    let deb = toolchain.deb.as_ref();
    let platform = deb.map(|deb| (deb.release.as_str(), deb.architecture.as_str()));
    let listed = packages.into_iter().map(Listed::of);
    check_closure(toolchain.name().as_str(), platform, listed)?;
    check_parts(toolchain, &parts)
}

/// Holds the files of a toolchain that are no packages of Debian against its parts.
pub fn check_parts(toolchain: &Toolchain, parts: &[&LockedInput]) -> Result<(), Unclaimed> {
    for input in parts {
        let part = input.source.as_ref().and_then(|name| toolchain.part(name));
        if part.is_none_or(|(_, part)| part.purl != input.purl) {
            return Err(stray(input));
        }
    }
    let parts = by_source(parts.iter().map(|part| (part.source.as_ref(), *part)));
    for (name, _, part) in toolchain.parts() {
        let source = part.as_source();
        check_source(name, &Claimant::new(&source), of(&parts, name))?;
    }
    Ok(())
}

/// A package of Debian in a toolchain's lock, or in a statement, as text.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// Its URL.
    pub purl: &'a str,
    /// The name of its file.
    pub file: &'a str,
    /// Where it is said to lie.
    pub locations: Vec<&'a str>,
}

impl<'a> Listed<'a> {
    fn of(input: &'a LockedInput) -> Self {
        Self {
            purl: input.purl.as_str(),
            file: input.file.as_str(),
            locations: input.locations.iter().map(RelPath::as_str).collect(),
        }
    }
}

/// Holds the packages of a toolchain against its release and architecture, if it has any. Which packages
/// depend on which stands in apt's indices alone: the lock is believed in that.
pub fn check_closure<'a>(
    toolchain: &str,
    platform: Option<(&str, &str)>,
    packages: impl Iterator<Item = Listed<'a>>,
) -> Result<(), Unclaimed> {
    let mut names = BTreeSet::new();
    for listed in packages {
        let refuse = |why| {
            let entry = listed.file.to_owned();
            Err(Unclaimed { entry, why })
        };
        let other = || Contradiction::OtherRelease(listed.purl.to_owned());
        let read = platform.zip(DebPackage::read(listed.purl));
        let Some(((release, architecture), package)) = read else {
            return refuse(other());
        };
        if !package.is_for(release, architecture) {
            return refuse(other());
        }
        let file = package.file();
        if file != listed.file {
            return refuse(Contradiction::FileName(file));
        }
        if let Some(at) = listed.locations.iter().find(|at| !package.lies_at(at)) {
            return refuse(Contradiction::Place((*at).to_owned()));
        }
        if !names.insert(package.into_name()) {
            return refuse(Contradiction::Several);
        }
    }
    if platform.is_some() && names.is_empty() {
        return Err(Unclaimed {
            entry: toolchain.to_owned(),
            why: Contradiction::Missing,
        });
    }
    Ok(())
}

/// The name of the file of a source that is a `pkg:generic`: the one that is given, else the end of its URL.
pub fn generic_file(file: Option<&str>, purl: &Purl, urls: &[String]) -> Option<String> {
    let last = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let url = urls.first().map(String::as_str);
    let url = url.or_else(|| purl.qualifier(DOWNLOAD_URL));
    file.map(str::to_owned).or_else(|| url.map(last))
}

fn check_source<'i>(
    name: &Name,
    claimant: &Claimant<'_>,
    inputs: impl Iterator<Item = &'i LockedInput>,
) -> Result<(), Unclaimed> {
    let (mut own, mut names) = (None, BTreeSet::new());
    for input in inputs {
        let checked = package_file::check(&input.purl, &input.file, &input.locations);
        checked.map_err(|why| entry(input, why.into()))?;
        if !names.insert(&input.file) {
            return Err(entry(input, Contradiction::Twice));
        }
        if claimant.belongs(input) == Some(Belongs::Own) {
            check_own(claimant.source, input).map_err(|why| entry(input, why))?;
            if own.replace(input).is_some() {
                return Err(wrong(name, Contradiction::Several));
            }
        }
    }
    match claimant.source.purl {
        Some(_) if own.is_none() => Err(wrong(name, Contradiction::Missing)),
        _ => Ok(()),
    }
}

/// What the author of the manifest knows of the file counts more than what was found when it was locked.
fn check_own(source: &Source, input: &LockedInput) -> Result<(), Contradiction> {
    if let Some(manifest) = source.sha256.filter(|claimed| *claimed != input.sha256) {
        let lock = input.sha256;
        return Err(Contradiction::Digest { manifest, lock });
    }
    if !source.url.is_empty() && input.purl.is_of_service() {
        return Err(Contradiction::Moved(input.purl.clone()));
    }
    let named = source.file.as_ref().map(FileName::as_str);
    let named = if input.purl.kind() == "generic" && !input.purl.is_repository() {
        let file = generic_file(named, &input.purl, &source.url);
        Some(file.ok_or(Contradiction::NoFileName)?)
    } else {
        named.map(str::to_owned)
    };
    match named.filter(|named| named != input.file.as_str()) {
        Some(named) => Err(Contradiction::FileName(named)),
        None => Ok(()),
    }
}

fn check_folder<'f>(
    name: &Name,
    source: &Source,
    mut folders: impl Iterator<Item = &'f LockedFolder>,
) -> Result<(), Unclaimed> {
    let found = folders.next();
    match (source.origin(), found) {
        (Ok(Origin::Folder(_)), None) => Err(wrong(name, Contradiction::Missing)),
        (Ok(Origin::Folder(path)), Some(folder)) if folder.path != *path => {
            Err(wrong(name, Contradiction::Folder))
        }
        (Ok(Origin::Package(_)) | Err(_), Some(_)) => Err(wrong(name, Contradiction::Folder)),
        _ if folders.next().is_some() => Err(wrong(name, Contradiction::Several)),
        _ => Ok(()),
    }
}

/// What each source has of something, each looked at once: a search for every source takes the square of their number.
fn by_source<'i, T>(
    all: impl Iterator<Item = (Option<&'i Name>, &'i T)>,
) -> BTreeMap<&'i Name, Vec<&'i T>> {
    let mut of_each: BTreeMap<&Name, Vec<&T>> = BTreeMap::new();
    for (source, one) in all {
        if let Some(source) = source {
            of_each.entry(source).or_default().push(one);
        }
    }
    of_each
}

fn of<'a, T>(all: &BTreeMap<&Name, Vec<&'a T>>, source: &Name) -> impl Iterator<Item = &'a T> {
    let of_source = all.get(source).map_or(&[][..], Vec::as_slice);
    of_source.iter().copied()
}

fn stray(input: &LockedInput) -> Unclaimed {
    entry(input, Contradiction::Stray(input.purl.clone()))
}

fn entry(input: &LockedInput, why: Contradiction) -> Unclaimed {
    Unclaimed {
        entry: input.file.to_string(),
        why,
    }
}

fn wrong(name: &Name, why: Contradiction) -> Unclaimed {
    Unclaimed {
        entry: name.to_string(),
        why,
    }
}

#[cfg(test)]
#[path = "claim_tests.rs"]
mod tests;
