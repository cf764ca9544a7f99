//! Why what a step left behind is not taken.

use zwieback_model::manifest::limit_key::LimitKey;
use zwieback_model::rel_path::RelPathError;
use zwieback_model::shown_name::NameFault;
use zwieback_model::tree::TreeError;
use zwieback_sandbox::call::CallError;

use crate::capture::rules::{LEAST_PATHS, PATH};
use crate::store::error::StoreError;

/// Why an output tree is refused. Paths are shown escaped.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// An entry is not something a tree can hold.
    #[error("`{path}` is refused: {reason}")]
    Refused {
        /// Where it lies.
        path: String,
        /// What is wrong with it.
        reason: Reason,
    },
    /// There are too many entries.
    #[error("there are more than {0} entries")]
    Entries(usize),
    /// The paths are too long together.
    #[error("`{path}` takes the paths of the outputs, with the targets of links, over {} bytes", entries.saturating_mul(PATH).max(LEAST_PATHS))]
    Paths {
        /// The entry that was too much.
        path: String,
        /// How many entries there may be.
        entries: u64,
    },
    /// The files are too large together.
    #[error("`{path}` takes the files over {limit} bytes")]
    Bytes {
        /// The file that was too much.
        path: String,
        /// The limit.
        limit: u64,
    },
    /// The kernel refused something.
    #[error(transparent)]
    Io(#[from] CallError),
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with one entry.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// Its name cannot be in a tree.
    #[error(transparent)]
    Name(#[from] RelPathError),
    /// No terminal or no verifier would show its name.
    #[error("its name cannot be shown: {0}")]
    Unshown(#[from] NameFault),
    /// It lies too deep.
    #[error("it lies more than {0} directories deep")]
    Depth(usize),
    /// A named pipe, socket or device.
    #[error("it is a {0}, and outputs are files, directories and symlinks")]
    Kind(&'static str),
    /// A set-user-id or set-group-id file.
    #[error("it is set-user-id (setuid) or set-group-id (setgid), and a tree keeps neither")]
    SetId,
    /// A file that has names outside the tree.
    #[error("it has {links} names, but only {found} of them are here")]
    HardLink {
        /// The link count of the file.
        links: u64,
        /// How many of its names are in the tree.
        found: u64,
    },
    /// Extended attributes, which no archive format carries faithfully.
    #[error("it has the extended attribute `{0}`")]
    Attribute(String),
    /// A symlink whose target is not UTF-8.
    #[error("its target is not UTF-8")]
    Target,
    /// The file changed while it was read: something outlived the step.
    #[error("it changed while it was read")]
    Changed,
    /// It does not fit in the tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl CaptureError {
    /// The entry that is refused, shown escaped.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Refused { path, .. } | Self::Paths { path, .. } | Self::Bytes { path, .. } => {
                Some(path)
            }
            Self::Entries(_) | Self::Io(_) | Self::Store(_) => None,
        }
    }

    /// The limit that was reached, if it is one, and what it was.
    pub fn limit(&self) -> Option<(LimitKey, u64)> {
        let (key, most) = match self {
            Self::Entries(most) => (LimitKey::Outputs, *most as u64),
            Self::Paths { entries, .. } => (LimitKey::Outputs, *entries),
            Self::Bytes { limit, .. } => (LimitKey::Size, *limit),
            Self::Refused {
                reason: Reason::Depth(most),
                ..
            } => (LimitKey::Depth, *most as u64),
            _ => return None,
        };
        Some((key, most))
    }

    /// What its reader can do about it.
    pub fn hint(&self) -> Option<String> {
        if let Some((key, most)) = self.limit() {
            return Some(key.raise(most));
        }
        let text = match self {
            Self::Refused { reason, .. } => match reason {
                Reason::Name(_) | Reason::Unshown(_) => {
                    "rename it in that step: whoever verifies the outputs has to read their names"
                }
                Reason::Kind(_) => "remove it in the last step, or name the outputs in `[outputs]`",
                Reason::SetId => {
                    "drop the bit, with `chmod u-s,g-s` or `install -m 755`: whoever installs it sets it"
                }
                Reason::Attribute(name) => {
                    return Some(format!(
                        "take it off in that step, with `setfattr -x {name} FILE` (`setcap -r FILE` for \
                         capabilities), or copy without it: whoever installs the file gives it"
                    ));
                }
                Reason::HardLink { .. } => "copy the file instead of linking it",
                _ => return None,
            },
            Self::Store(error) => return error.hint(),
            Self::Entries(_) | Self::Paths { .. } | Self::Bytes { .. } | Self::Io(_) => {
                return None;
            }
        };
        Some(text.to_owned())
    }
}
