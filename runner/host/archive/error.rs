//! Why an archive is not unpacked.

use std::io;

use zwieback_model::rel_path::{RelPath, RelPathError};

use crate::archive::limits::Exceeded;
use crate::store::error::StoreError;

/// Why an archive is not unpacked. Member names are shown escaped.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are no archive of a known format.
    #[error("`{0}` is no archive that can be read: tar (plain, gz, bz2, xz, zst) or zip")]
    UnknownFormat(String),
    /// The stream ends early, fails its checksum or breaks its own format.
    #[error("the archive is damaged: {0}")]
    Damaged(io::Error),
    /// It holds more than is allowed.
    #[error(transparent)]
    TooMuch(#[from] Exceeded),
    /// A member is not something a tree can hold.
    #[error("member `{member}` is refused: {reason}")]
    Refused {
        /// The name as the archive spells it, escaped.
        member: String,
        /// What is wrong with it.
        reason: MemberRefusal,
    },
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with one member.
#[derive(Debug, thiserror::Error)]
pub enum MemberRefusal {
    /// Its name leaves the tree or cannot be printed.
    #[error(transparent)]
    Path(#[from] RelPathError),
    /// A hard link to something that is no earlier file of the archive.
    #[error("a hard link to `{0}`, which is no earlier file of the archive")]
    HardLink(String),
    /// A link without a target, or one that is not UTF-8.
    #[error("the target of the link is missing or not UTF-8")]
    LinkTarget,
    /// A device node.
    #[error("a device node")]
    Device,
    /// A named pipe.
    #[error("a named pipe")]
    Fifo,
    /// A kind of member that is not supported.
    #[error("a member of unsupported kind {0}")]
    Kind(String),
    /// The same name was used for something else before.
    #[error("`{0}` is in the archive twice, with different content")]
    Duplicate(RelPath),
    /// The content is encrypted.
    #[error("its content is encrypted")]
    Encrypted,
}

impl ArchiveError {
    /// What its reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooMuch(_) => Some(
                "no archive may hold more: take a smaller one, or only the part that is needed"
                    .into(),
            ),
            Self::Damaged(_) => Some("remove the download and fetch it again".into()),
            Self::Store(error) => error.hint(),
            Self::UnknownFormat(_) | Self::Refused { .. } => None,
        }
    }

    pub(crate) fn refused(member: &[u8], reason: impl Into<MemberRefusal>) -> Self {
        Self::Refused {
            member: zwieback_model::shown_name::printable(member),
            reason: reason.into(),
        }
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        // A limit that was met inside a decoder comes back wrapped as an io::Error.
        match error.downcast::<Exceeded>() {
            Ok(exceeded) => Self::TooMuch(exceeded),
            Err(error) => Self::Damaged(error),
        }
    }
}
