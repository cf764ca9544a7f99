//! Everything that can go wrong with the store.

use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::rel_path::{RelPath, RelPathError};
use zwieback_sandbox::call::CallError;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A system call failed.
    #[error(transparent)]
    Io(CallError),
    /// The store cannot be written to.
    #[error("the store cannot be written to: {0}")]
    ReadOnly(CallError),
    /// There is no room left.
    #[error("the disk is full: {0}")]
    Full(CallError),
    /// The store was made by another version of zwieback.
    #[error("the store at `{path}` has layout {found:?}, and this is for layout {expected:?}")]
    Version {
        /// Where the store is.
        path: String,
        /// What its version file says.
        found: String,
        /// What this program writes.
        expected: &'static str,
    },
    /// Another process uses the store, so nothing may be collected now.
    #[error("the store at `{0}` is in use by another process")]
    InUse(String),
    /// Bytes are not what they were said to be.
    #[error("{what} has sha256 {actual}, but {expected} was expected")]
    Mismatch {
        /// The file or its name.
        what: String,
        /// What the lock says.
        expected: Digest,
        /// What the bytes are.
        actual: Digest,
    },
    /// An object changed after it was stored.
    #[error("`{path}` in the store was changed after it was written")]
    Tampered {
        /// The object and the entry within.
        path: String,
    },
    /// Two owners put different things at one path.
    #[error("`{path}` comes from both {first} and {second}, and is not the same")]
    Collision {
        /// Where they meet.
        path: RelPath,
        /// Who came first.
        first: String,
        /// Who came second.
        second: String,
    },
    /// A name that cannot be in a tree.
    #[error(transparent)]
    Path(#[from] RelPathError),
    /// Files of a tree were started and never finished, so the tree cannot be committed.
    #[error("{0} files of the tree were not written to their end")]
    Unfinished(usize),
    /// A file is named that is not in the store.
    #[error("the file {0} is not in the store")]
    NoSuchBlob(Digest),
    /// Something else than what an export holds.
    #[error("this is no export of a store: {0:?} is not expected in one")]
    NoExport(String),
    /// An export that ends too soon.
    #[error("the export was cut: it should hold {wanted} files and holds {found}")]
    ExportCut {
        /// How many it says that it has.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// A tree is named that is not in the store.
    #[error("the tree {0} is not in the store")]
    NoSuchTree(Digest),
}

impl StoreError {
    /// What its reader can do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Full(_) => "free some space, or let `zwieback store gc` do it",
            Self::ReadOnly(_) => "make it writable, or choose another place with XDG_DATA_HOME",
            Self::Version { .. } => "use the zwieback that made it, or move the store away",
            Self::InUse(_) => "wait until the running builds are done",
            Self::Tampered { .. } => {
                "`zwieback store verify --repair` removes what is damaged, and it is made again"
            }
            Self::NoExport(_) => "`zwieback store export` writes one",
            Self::ExportCut { .. } => {
                "what it holds is imported; copy the whole of it and import it again"
            }
            Self::Mismatch { .. }
            | Self::Io(_)
            | Self::Collision { .. }
            | Self::Path(_)
            | Self::Unfinished(_)
            | Self::NoSuchBlob(_)
            | Self::NoSuchTree(_) => {
                return None;
            }
        };
        Some(text.to_owned())
    }

    pub(crate) fn mismatch(what: &str, expected: Digest, actual: &Fingerprint) -> Self {
        Self::Mismatch {
            what: what.to_owned(),
            expected,
            actual: actual.sha256,
        }
    }
}

impl From<CallError> for StoreError {
    fn from(fault: CallError) -> Self {
        if fault.is_forbidden() {
            Self::ReadOnly(fault)
        } else if fault.is_full() {
            Self::Full(fault)
        } else {
            Self::Io(fault)
        }
    }
}
