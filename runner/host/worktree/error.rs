//! Why it cannot be said what version control keeps of a folder.

use std::io;
use std::path::PathBuf;

use zwieback_model::rel_path::RelPathError;
use zwieback_sandbox::call::CallError;

/// Why it cannot be said what version control keeps of a folder.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// A file of git's cannot be read.
    #[error("{call} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        call: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A folder cannot be walked.
    #[error(transparent)]
    Fault(#[from] CallError),
    /// A `.git` file leads nowhere.
    #[error("{} leads to no repository", .0.display())]
    LeadsNowhere(PathBuf),
    /// A `.git` file leads to a repository that says nothing of it.
    #[error("{} leads to {}, which does not say that its checkout is here", file.display(), folder.display())]
    Elsewhere {
        /// The file.
        file: PathBuf,
        /// Where it leads.
        folder: PathBuf,
    },
    /// A link in the place of `.git`.
    #[error("{} is a symbolic link, and could lead to any repository of yours", .0.display())]
    Link(PathBuf),
    /// A repository that shares files with another that is not the one around it.
    #[error("{} leads to another repository, which is followed from its `worktrees` alone", .0.display())]
    Shares(PathBuf),
    /// A repository of somebody else's decides what a folder holds.
    #[error("{} belongs to user {owner}, who would decide which files belong to the source", path.display())]
    Foreign {
        /// The repository.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// The index cannot be understood.
    #[error("{} is no index of git's that can be read: {why}", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Indices that would fill the memory.
    #[error("{} takes the indices of the source, with those of its submodules, over {most} bytes", path.display())]
    Indices {
        /// The file.
        path: PathBuf,
        /// What they may take in memory.
        most: u64,
    },
    /// Submodules within each other beyond any source's.
    #[error("{} is a submodule within more than {most} others", folder.display())]
    TooManyWithin {
        /// The folder.
        folder: PathBuf,
        /// How many may be within each other.
        most: usize,
    },
    /// Patterns whose matching would not end in any useful time.
    #[error("{}: its patterns take more work than those of any tree that people keep", .0.display())]
    Patterns(PathBuf),
    /// More files than any source has.
    #[error("{} holds more than {most} files", folder.display())]
    TooMany {
        /// The folder.
        folder: PathBuf,
        /// How many a source may have.
        most: usize,
    },
    /// Folders within each other beyond any source's.
    #[error("{} holds folders within each other that are more than {most} deep", folder.display())]
    TooDeep {
        /// The folder.
        folder: PathBuf,
        /// How deep they may be.
        most: usize,
    },
    /// A name that no file of a tree can have.
    #[error(transparent)]
    Path(#[from] RelPathError),
}

impl WorktreeError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::LeadsNowhere(_) => {
                "check the worktree or submodule out again, or remove its `.git` file"
            }
            Self::Elsewhere { .. } => {
                "`git worktree repair` there, or `git config core.worktree PATH` there, says that the checkout \
                 is here; or remove the `.git` file"
            }
            Self::Link(_) => {
                "put the folder itself there, or check the repository out as a worktree"
            }
            Self::Shares(_) => {
                "clone the repository anew, or make the worktree by `git worktree add`"
            }
            Self::Indices { .. } => "name a smaller folder, or one of the repositories inside",
            Self::TooManyWithin { .. } => "name one of the repositories inside",
            Self::Foreign { .. } => "give the folder and the repository to one user, or remove it",
            Self::Patterns(_) => "write fewer patterns, and fewer `**` into one",
            Self::TooMany { .. } => "name a smaller folder, or leave files out by `exclude`",
            Self::Index { .. } => "`git reset` writes the index anew",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// An error of the file system.
    pub(super) fn io(
        call: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { call, path, source }
    }
}
