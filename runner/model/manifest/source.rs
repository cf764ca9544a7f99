//! One source of a recipe: a package by its purl, or a folder of the project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::project_folder::{ProjectFolder, Selection};
use crate::digest::Digest;
use crate::glob::GlobError;
use crate::locked_input::FileName;
use crate::purl::Purl;
use crate::rel_path::RelPath;

/// One `[sources.<name>]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Which package it is; pinned to bytes by the lockfile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<Purl>,
    /// A folder of the project in place of a package; pinned by the digest of its tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<ProjectFolder>,
    /// Globs below `path` of what belongs to the source; everything where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Globs below `path` of what does not belong to the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Which file of the package, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileName>,
    /// Where a `pkg:generic` or a repository lies; every one is asked, and the digest decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<String>,
    /// What the bytes must be, where the recipe's author knows it from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Repositories to put in the place of a git source's submodules, by path; others stay empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub submodules: BTreeMap<RelPath, Purl>,
    /// Whose lockfile inside the source is expanded into inputs of this recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// Whether to keep the file as it is, at `/build/<name>/<file>`.
    #[serde(default, skip_serializing_if = "Unpack::is_default")]
    pub unpack: Unpack,
    /// Patch files of the recipe's folder, applied in order with `patch -p1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<RelPath>,
}

/// Whether an archive is unpacked. In a file it is `true` or `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "bool", into = "bool")]
#[cfg_attr(test, schemars(with = "bool"))]
pub enum Unpack {
    /// It is.
    #[default]
    Whole,
    /// It stays one file.
    Not,
}

/// The ecosystem whose lockfile a source brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// `Cargo.lock`, for `cargo build --offline --locked`.
    Cargo,
    /// `package-lock.json`, for `npm ci --offline`.
    Npm,
    /// `pylock.toml` or a `requirements.txt` with digests, for `pip install --no-index`.
    Pypi,
}

/// Where a source comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A package.
    Package(&'a Purl),
    /// A folder of the project.
    Folder(&'a ProjectFolder),
}

/// A table that names neither a package nor a folder, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it takes one of `purl` and `path`")]
pub struct NoOrigin;

impl Source {
    /// Where it comes from.
    pub fn origin(&self) -> Result<Origin<'_>, NoOrigin> {
        match (&self.purl, &self.path) {
            (Some(purl), None) => Ok(Origin::Package(purl)),
            (None, Some(path)) => Ok(Origin::Folder(path)),
            _ => Err(NoOrigin),
        }
    }

    /// Which files of its folder belong to it.
    pub fn selection(&self) -> Result<Selection, GlobError> {
        Selection::new(&self.include, &self.exclude)
    }

    /// What it is called on the screen.
    pub fn label(&self) -> String {
        match self.origin() {
            Ok(Origin::Package(purl)) => purl.to_string(),
            Ok(Origin::Folder(path)) => format!("folder {path}"),
            Err(problem) => problem.to_string(),
        }
    }
}

impl Vendor {
    /// The type of the purls that its lockfile pins.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
        }
    }
}

impl Unpack {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl From<bool> for Unpack {
    fn from(unpack: bool) -> Self {
        if unpack { Self::Whole } else { Self::Not }
    }
}

impl From<Unpack> for bool {
    fn from(unpack: Unpack) -> Self {
        unpack == Unpack::Whole
    }
}
