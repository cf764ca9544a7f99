//! Why a package of some ecosystem could not be pinned.

use std::io;
use std::path::PathBuf;

use zwieback_model::digest::Digest;
use zwieback_model::glob::TooMuchWork;
use zwieback_model::locked_input::{FileName, FileNameError};
use zwieback_model::purl::{Purl, PurlError};
use zwieback_model::rel_path::{RelPath, RelPathError};
use zwieback_sandbox::call::CallError;

use crate::archive::error::ArchiveError;
use crate::capture::error::CaptureError;
use crate::fetch::failure::Failure;
use crate::launch::error::LaunchError;
use crate::store::error::StoreError;
use crate::worktree::error::WorktreeError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum EcosystemError {
    /// The ecosystem's client is not on this machine.
    #[error("`{tool}` is not installed")]
    Absent {
        /// The program.
        tool: &'static str,
    },
    /// Its globs and its paths are made to take for ever.
    #[error("`include` and `exclude` of the source: {0}")]
    Globs(#[from] TooMuchWork),
    /// The client was not started, or was ended.
    #[error(transparent)]
    Launch(LaunchError),
    /// The client ran and refused.
    #[error("`{command}` failed: {words}")]
    Refused {
        /// The program and its arguments.
        command: String,
        /// What it said, shortened.
        words: String,
    },
    /// A client or an index gave an answer of another shape.
    #[error("{who} gave an answer that cannot be read: {why}")]
    Answer {
        /// Who answered.
        who: String,
        /// What is wrong with it.
        why: String,
    },
    /// The purl has no version.
    #[error("{0} names no version")]
    NoVersion(Purl),
    /// The index has the package and not this file of it.
    #[error("{purl} has no file {wanted}; it has {}", if .files.is_empty() { "none".to_owned() } else { .files.join(", ") })]
    NoSuchFile {
        /// The package.
        purl: Purl,
        /// What was asked for.
        wanted: String,
        /// What there is.
        files: Vec<String>,
    },
    /// The purl of a repository names no commit.
    #[error("{0} names no commit: its version is to be the whole identifier of one")]
    NoCommit(Purl),
    /// A folder of the project that is a symbolic link, or lies behind one.
    #[error("{} is a symbolic link: a folder of the project is a folder itself", .0.display())]
    LinkedFolder(PathBuf),
    /// A URL that git is not to be asked with.
    #[error("git may speak https, http and file, not {0:?}")]
    Scheme(String),
    /// A repository of this machine that somebody else names.
    #[error(
        "{0} is a repository of this machine: only `[mirrors]` of your own configuration may name it"
    )]
    LocalRepository(String),
    /// No place has the commit.
    #[error("commit {commit} cannot be had{}", told(.asked))]
    NoRepository {
        /// The commit.
        commit: String,
        /// The places and what git said there.
        asked: Vec<(String, String)>,
        /// The limit that was reached at one of them.
        reached: Option<LaunchError>,
    },
    /// A source with more bytes than are taken of one.
    #[error("{what} has more than {most} bytes")]
    TooLarge {
        /// The source, or a file of it.
        what: String,
        /// The most that is taken.
        most: u64,
    },
    /// The recipe names a submodule that the commit does not have.
    #[error("{purl} has no submodule at {path}")]
    NoSubmodule {
        /// The repository.
        purl: Purl,
        /// What the recipe names.
        path: RelPath,
    },
    /// Two submodules are one repository at different commits.
    #[error("two submodules are {purl}, at different commits")]
    TwoCommits {
        /// The repository.
        purl: Purl,
    },
    /// No place is configured.
    #[error("no place to ask for pkg:{0} is configured")]
    NoPlace(String),
    /// Every place failed.
    #[error("{file} cannot be had{}", told(.asked))]
    Unavailable {
        /// The file.
        file: FileName,
        /// The places and what happened there.
        asked: Vec<(String, Failure)>,
    },
    /// An index or a lockfile pins a file by nothing, or by something that can be forged.
    #[error("{place} pins `{package}` by {by}")]
    NoDigest {
        /// The index or lockfile.
        place: String,
        /// The package.
        package: String,
        /// What there is in place of a digest.
        by: &'static str,
    },
    /// The recipe and the index know different bytes.
    #[error("{purl}: the recipe says sha256 {recipe}, the index gives {index}")]
    Contradicts {
        /// The package.
        purl: Purl,
        /// What the recipe says.
        recipe: Digest,
        /// What came.
        index: Digest,
    },
    /// A lockfile cannot be read, or asks for what a hermetic build cannot have.
    #[error("{file}: {why}")]
    Lockfile {
        /// The lockfile.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A recipe's lock has something else than a lockfile inside the source pins.
    #[error("{package} {why} in the recipe's lock, by {lockfile} of the source")]
    OtherPin {
        /// The lockfile inside the source.
        lockfile: String,
        /// The package.
        package: Purl,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The source has no lockfile.
    #[error("the source has no {file}")]
    NoLockfile {
        /// What was looked for.
        file: &'static str,
    },
    /// A folder holds nothing, or nothing that belongs to the source.
    #[error("{} holds no file that belongs to the source", .0.display())]
    EmptyFolder(PathBuf),
    /// A link of a folder leads out of it.
    #[error("{path} is a link to {target}, outside the source")]
    LeadsOut {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A folder cannot be read.
    #[error("{call} {}", path.display())]
    Io {
        /// What was attempted.
        call: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// What version control keeps of a folder cannot be said.
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    /// Something in a folder cannot be opened.
    #[error(transparent)]
    Fault(#[from] CallError),
    /// A folder holds what a tree cannot.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A package cannot be unpacked.
    #[error("{package}")]
    Archive {
        /// The package.
        package: Purl,
        /// Why.
        source: ArchiveError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A name that is no package's.
    #[error(transparent)]
    Purl(#[from] PurlError),
    /// A name that no file can have.
    #[error(transparent)]
    FileName(#[from] FileNameError),
    /// A place that no file can have.
    #[error(transparent)]
    Path(#[from] RelPathError),
    /// The user asked to stop.
    #[error("interrupted")]
    Cancelled,
}

impl EcosystemError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Absent { tool } => format!(
                "install `{tool}` to lock; building needs it only where no mirror is configured"
            ),
            Self::NoVersion(purl) => format!("write it as `{purl}@VERSION`"),
            Self::NoPlace(kind) if kind == "generic" => {
                "give the source `url = [\"http://mirror.example/…\"]`".to_owned()
            }
            Self::NoCommit(_) => {
                "`git ls-remote URL TAG` prints the commit of a tag".to_owned()
            }
            Self::NoPlace(kind) if matches!(kind.as_str(), "github" | "gitlab" | "bitbucket") => format!(
                "add `[mirrors] {kind} = [\"https://mirror.example/\"]` to the configuration, or `url.<base>.insteadOf = {kind}:` to git's"
            ),
            Self::NoPlace(kind) => format!(
                "add `[mirrors] {kind} = [\"http://mirror.example/\"]` to the configuration, or set up the ecosystem's own client"
            ),
            Self::NoSuchFile { .. } => "name one of them with `file = \"…\"`".to_owned(),
            Self::NoDigest { .. } => {
                "write the lockfile anew with the ecosystem's own client: a file without a digest can be anything".to_owned()
            }
            Self::NoLockfile { file } => {
                format!("drop `vendor`, or add {file} to the source with a patch upstream")
            }
            Self::EmptyFolder(_) => {
                "look whether git ignores the folder, and at `include` and `exclude`".to_owned()
            }
            Self::TooLarge { .. } => {
                "if it is meant to be so large, raise `[fetch] largest` of the configuration".to_owned()
            }
            Self::OtherPin { .. } => {
                "find out who changed it; then run `zwieback lock RECIPE` and commit the lockfile".to_owned()
            }
            Self::LeadsOut { .. } => "replace the link by what it leads to".to_owned(),
            Self::Globs(error) => error.hint(),
            Self::Store(error) => return error.hint(),
            Self::Launch(error)
            | Self::NoRepository {
                reached: Some(error),
                ..
            } => return error.hint(),
            Self::Worktree(error) => return error.hint(),
            Self::Archive { source, .. } => return source.hint(),
            _ => return None,
        };
        Some(hint)
    }

    /// Whether a limit is why.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Launch(error) => error.is_limit(),
            Self::NoRepository { reached, .. } => reached.is_some(),
            _ => false,
        }
    }

    /// Whether no place that was asked has the file, so that another may.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::NoPlace(_))
    }

    /// The error of having asked in vain twice.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unavailable { file, mut asked }, Self::Unavailable { asked: more, .. }) => {
                asked.extend(more);
                Self::Unavailable { file, asked }
            }
            (_, other) => other,
        }
    }

    /// An answer that does not read.
    pub(crate) fn answer(who: &str, why: impl std::fmt::Display) -> Self {
        let (who, why) = (who.to_owned(), why.to_string());
        Self::Answer { who, why }
    }

    /// An error of the file system.
    pub(crate) fn io(call: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { call, path, source }
    }
}

fn told(asked: &[(String, impl std::fmt::Display)]) -> String {
    let mut text = String::new();
    for (url, failure) in asked {
        text.push_str(&format!("\n  {url} {failure}"));
    }
    text
}
