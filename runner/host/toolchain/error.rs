//! Why a toolchain's tree cannot be made.

use std::io;
use std::path::PathBuf;

use zwieback_model::glob::{GlobError, TooMuchWork};
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::archive::error::ArchiveError;
use crate::fetch::error::FetchError;
use crate::store::error::StoreError;

/// Why a toolchain's tree cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A package cannot be unpacked.
    #[error("{package}: {source}")]
    Package {
        /// Whose files they were to be.
        package: Purl,
        /// Why not.
        source: ArchiveError,
    },
    /// A package's file is not a package.
    #[error("{0} is not a Debian package: it holds no data.tar")]
    NoData(Purl),
    /// A package's file cannot be opened.
    #[error("open {path}: {source}")]
    Open {
        /// The file in the store.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A package is not in the store.
    #[error("{0} is not in the store")]
    Missing(Purl),
    /// A locked file that no part of the toolchain asked for.
    #[error("{0} is locked for a part that the toolchain does not have")]
    Stray(Purl),
    /// A recipe that is part of the toolchain has no outputs yet.
    #[error("toolchain `{toolchain}` is made of recipes that are not built: {}", listed(.recipes))]
    NotBuilt {
        /// The toolchain.
        toolchain: Name,
        /// The recipes it is made of.
        recipes: Vec<Name>,
    },
    /// The store cannot tell whether it is.
    #[error(transparent)]
    Input(#[from] FetchError),
    /// What is to be left out is no glob.
    #[error(transparent)]
    Prune(#[from] GlobError),
    /// Globs that are held against the files of a package for too long.
    #[error(transparent)]
    Globs(#[from] TooMuchWork),
    /// A fix-up at one of the names that are links into `/usr`.
    #[error("the fix-up `{0}` is a link that every toolchain has already")]
    MergedName(RelPath),
    /// A declared link leads nowhere.
    #[error("the fix-up `{link}` -> `{target}` leads nowhere in this toolchain")]
    Dangling {
        /// Where the link is.
        link: RelPath,
        /// Where it should lead.
        target: String,
    },
    /// The store failed, or two packages put different things at one path.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user asked to stop.
    #[error("interrupted")]
    Cancelled,
}

impl AssembleError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Package { source, .. } => source.hint(),
            Self::Missing(_) => Some("run `zwieback fetch` first".to_owned()),
            Self::Stray(_) => Some("write its lock anew with `zwieback lock`".to_owned()),
            Self::NotBuilt { recipes, .. } => {
                Some(format!("run `zwieback build {}` first", listed(recipes)))
            }
            Self::Input(error) => error.hint(),
            Self::Store(error @ StoreError::Collision { path, .. }) => error.hint().or_else(|| {
                Some(format!(
                    "leave one of the two packages out, or `prune` `{path}` if no build needs it"
                ))
            }),
            Self::Store(error) => error.hint(),
            Self::Dangling { .. } => {
                Some("correct [fixups.links], or add the package that has the target".to_owned())
            }
            Self::Globs(error) => Some(error.hint()),
            Self::MergedName(_) => Some("remove it from [fixups]".to_owned()),
            Self::NoData(_) | Self::Open { .. } | Self::Prune(_) | Self::Cancelled => None,
        }
    }
}

fn listed(names: &[Name]) -> String {
    let names: Vec<_> = names.iter().map(Name::as_str).collect();
    names.join(" ")
}
