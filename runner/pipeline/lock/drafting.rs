//! Chapter of `zwieback init`: what a package or a folder is, and how it is built.

use std::path::{Path, PathBuf};

use zwieback_host::deb::resolve as apt;
use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::{cargo, npm, pypi};
use zwieback_model::draft::system::{System, Tells};
use zwieback_model::manifest::project_folder::ProjectFolder;
use zwieback_model::manifest::source::{Source, Unpack};
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;
use zwieback_model::tree::Tree;

use super::resolve;
use super::resolver::Resolver;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::endpoints;
use crate::pipeline::inputs::obtain;
use crate::pipeline::inputs::sources;

/// What is known of something that is to be built.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its version.
    pub version: String,
    /// Where it comes from.
    pub source: Source,
    /// How it is built; nothing if none of its files tells.
    pub system: Option<System>,
}

/// Looks a package up, takes it and looks into it. `urls` say where a `pkg:generic` lies.
pub fn package(
    name: &Name,
    purl: &Purl,
    urls: &[String],
    resolver: &mut Resolver<'_>,
) -> Result<Found, PipelineError> {
    let purl = with_version(name, purl, resolver)?;
    let mut source = Source {
        url: urls.to_vec(),
        ..Source::default()
    };
    if purl.kind() == "deb" {
        let state = resolver.apt(resolve::SOURCE_RELEASE, resolve::SOURCE_ARCHITECTURE)?;
        let files = apt::source_files(state, &purl)?;
        let upstream = upstream(&files).and_then(|file| file.parse().ok());
        source.file = upstream;
    }
    source.purl = Some(purl.clone());
    let pinned = resolve::package(name, &source, &purl, resolver)?;
    obtain::fetch(&pinned, resolver.ctx)?;
    source.unpack = Unpack::Whole;
    let files: Vec<_> = pinned.iter().collect();
    let (tree, _) = sources::one(name, &source, &files, resolver.ctx)?;
    if purl.kind() == "generic" {
        // Nobody else states what these bytes are.
        source.sha256 = Some(pinned[0].sha256);
    }
    Ok(Found {
        version: version_of(&purl),
        system: System::infer(&InTree(tree.tree())),
        source,
    })
}

/// Looks into a folder of the project.
pub fn folder(
    name: &Name,
    path: ProjectFolder,
    resolver: &Resolver<'_>,
) -> Result<Found, PipelineError> {
    let exclude = if path.below_top().is_none() {
        // Recipes and their locks are no part of what they pin.
        vec!["recipes/**".into(), "toolchains/**".into()]
    } else {
        Vec::new()
    };
    let source = Source {
        path: Some(path),
        exclude,
        ..Source::default()
    };
    let tree = sources::folder_to_lock(&resolver.project, name, &source, resolver.ctx)?;
    Ok(Found {
        version: "0.1.0".to_owned(),
        system: System::infer(&InTree(tree.tree())),
        source,
    })
}

/// The path of a folder below the project's top.
pub fn in_project(root: &Path, folder: &Path) -> Result<ProjectFolder, PipelineError> {
    let canonical = |path: &Path| path.canonicalize().map_err(PipelineError::io(path));
    let (root, folder) = (canonical(root)?, canonical(folder)?);
    let outside = |folder: PathBuf| PipelineError::OutsideProject { folder };
    let Ok(below) = folder.strip_prefix(&root) else {
        return Err(outside(folder));
    };
    let text = if below.as_os_str().is_empty() {
        "."
    } else {
        below.to_str().unwrap_or_default()
    };
    text.parse().map_err(|_| outside(folder.clone()))
}

/// What is in a tree, for whoever wants to know how it is built.
struct InTree<'a>(&'a Tree);

impl Tells for InTree<'_> {
    fn has(&self, path: &str) -> bool {
        self.0.get(path).is_some()
    }

    fn has_end(&self, end: &str) -> bool {
        self.0.files().any(|(path, _)| path.as_str().ends_with(end))
    }
}

/// The package at its newest version, if none was named.
fn with_version(
    name: &Name,
    purl: &Purl,
    resolver: &mut Resolver<'_>,
) -> Result<Purl, PipelineError> {
    let wrong = PipelineError::source(name);
    if purl.version().is_some() || purl.is_repository() {
        return Ok(purl.clone());
    }
    resolver.ctx.check_network("look for the newest version")?;
    let newest = match purl.kind() {
        "cargo" => cargo::newest(purl).map_err(wrong)?,
        "npm" => npm::newest(purl).map_err(wrong)?,
        "pypi" => {
            let indices = resolve::indices(resolver, "pypi");
            let client = endpoints::client(indices.clone(), resolver.ctx)?;
            pypi::newest(purl, &indices, &client).map_err(wrong)?
        }
        "deb" => {
            let state = resolver.apt(resolve::SOURCE_RELEASE, resolve::SOURCE_ARCHITECTURE)?;
            apt::newest_source(state, purl.name())?
        }
        _ => None,
    };
    let none = EcosystemError::NoVersion(purl.clone());
    let version = newest.ok_or_else(|| PipelineError::source(name)(none))?;
    let qualifiers = if purl.kind() == "deb" {
        &[("arch", "source")][..]
    } else {
        &[]
    };
    let named = Purl::new(
        purl.kind(),
        purl.namespace(),
        purl.name(),
        &version,
        qualifiers,
    );
    named.map_err(|error| PipelineError::source(name)(error.into()))
}

/// The upstream's archive among the files of a Debian source package; a native one has no other.
fn upstream(files: &[String]) -> Option<&String> {
    let is_signature = |file: &&String| file.rsplit('.').next() == Some("asc");
    let is_archive = |file: &&String| !is_signature(file) && file.contains(".tar.");
    let own = files
        .iter()
        .find(|file| is_archive(file) && file.contains(".orig.tar."));
    let native = files
        .iter()
        .find(|file| is_archive(file) && !file.contains(".debian."));
    own.or(native)
}

/// The version in a recipe: of a Debian package without epoch and revision, of a commit its beginning.
fn version_of(purl: &Purl) -> String {
    let version = purl.version().unwrap_or("0");
    if purl.is_repository() {
        return version.chars().take(12).collect();
    }
    if purl.kind() != "deb" {
        return version.to_owned();
    }
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let upstream = version.rsplit_once('-').map_or(version, |(rest, _)| rest);
    upstream.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_of_the_upstream_is_chosen() {
        let files = [
            "a_1.dsc",
            "a_1.orig.tar.gz.asc",
            "a_1.orig.tar.gz",
            "a_1-1.debian.tar.xz",
        ];
        let files = files.map(str::to_owned);
        assert_eq!(upstream(&files).unwrap(), "a_1.orig.tar.gz");
        assert_eq!(
            upstream(&["n_1.dsc".into(), "n_1.tar.xz".into()]).unwrap(),
            "n_1.tar.xz"
        );
    }

    #[test]
    fn a_recipe_has_the_version_of_the_upstream() {
        let of = |purl: &str| version_of(&purl.parse().unwrap());
        assert_eq!(
            of("pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source"),
            "1.2.13.dfsg"
        );
        assert_eq!(of("pkg:npm/a@1.0.0-rc.1"), "1.0.0-rc.1");
    }
}
