//! A trust root as a file: read, changed, signed by whoever must sign, and written beside the old one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use zwieback_attest::dsse::Envelope;
use zwieback_attest::key_id::KeyId;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::root_chain::{self, leave_keepers, open, succeed};
use zwieback_attest::trust_root::{Quorum, TrustRoot};
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::folder_lock::{self, FolderLock};
use zwieback_host::fs::given_file::{self, DOCUMENT};

use super::countersign::{CountersignError, check_count, countersign, keep};
use super::root_memory::{Line, Memory, RootFile, RootStateError};
use super::root_state::{self, write};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::keyring::KeyChoice;

/// Where a root stands, where its successor waits for signatures, and who is here to sign it.
#[derive(Debug)]
pub struct Change<'a> {
    /// The root in force.
    pub root: &'a Path,
    /// Where a root with too few signatures is kept for the other keepers.
    pub draft: Option<&'a Path>,
    /// The keys at hand.
    pub keys: &'a [KeyChoice],
    /// The user's folders.
    pub dirs: &'a Dirs,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new root is in force.
    Replaced,
    /// It waits for more signatures.
    Waiting {
        /// How many there are, and of how many.
        signed: String,
    },
}

/// Why a root was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RootFileError {
    /// The old root does not count, or the new one would not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] RootStateError),
    /// It was not signed.
    #[error(transparent)]
    Sign(#[from] CountersignError),
    /// Another command was faster.
    #[error("{}: another root took its place while this one was being signed", .0.display())]
    Replaced(PathBuf),
    /// What waits for signatures would be lost.
    #[error("{}: another change waits here, for version {version}", path.display())]
    Waits {
        /// The draft.
        path: PathBuf,
        /// Which version it would be.
        version: i64,
    },
}

/// The root of a file; none if there is no file. One that is older than what was met of its line, by whichever
/// command, is neither extended nor shown as what counts: its keepers may have lost their keys since.
pub fn read(path: &Path, dirs: &Dirs) -> Result<Option<TrustRoot>, RootFileError> {
    read_held(&Memory::hold(dirs)?, path)
}

fn read_held(memory: &Memory, path: &Path) -> Result<Option<TrustRoot>, RootFileError> {
    match given_file::read(path, DOCUMENT) {
        Ok(bytes) => {
            let file = RootFile::open(&bytes)?;
            Ok(Some(met(root_state::open_held(memory, path, &file))?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io(path, source).into()),
    }
}

/// The root that waits in a draft, with the signatures that it has.
pub fn read_draft(path: &Path) -> Result<(Envelope, TrustRoot), RootFileError> {
    let bytes = given_file::read(path, DOCUMENT).map_err(|source| io(path, source))?;
    Ok(root_chain::read(&bytes)?)
}

/// Signs a root with every key at hand and puts it in the place of the one before, which stays as
/// `<file>.v<version>`. Unless it counts as the successor, only the draft is written.
///
/// It is signed first, as that may take as long as somebody thinks of a passphrase. Then, with the folders held that
/// other users may share and the memory that is this user's own, all that it was made from must still be there: of two
/// commands at once one is refused, and what the other said stays.
pub fn replace(
    change: &Change<'_>,
    previous: Option<&TrustRoot>,
    next: &TrustRoot,
    mut envelope: Envelope,
) -> Result<Outcome, RootFileError> {
    let roots = previous.into_iter().chain([next]);
    let quorums: Vec<&Quorum> = roots.map(|root| &root.quorum).collect();
    leave_keepers(&mut envelope, &quorums);
    let signed = countersign(&mut envelope, change.keys, change.dirs)?;
    let _files = hold(&[change.root, change.draft.unwrap_or(change.root)])?;
    let memory = Memory::hold(change.dirs)?;
    if read_held(&memory, change.root)?.as_ref() != previous {
        return Err(RootFileError::Replaced(change.root.to_owned()));
    }
    if let Some(draft) = change.draft {
        join(&mut envelope, &signed, draft, previous)?;
        leave_keepers(&mut envelope, &quorums);
    }
    check_count(&envelope)?;
    let bytes = envelope.to_bytes();
    let counts = match previous {
        Some(previous) => succeed(previous, &bytes),
        None => open(&bytes),
    };
    match (counts, change.draft) {
        (Ok(_), draft) => {
            let line = Line::of(&memory, RootFile::open(&bytes)?)?;
            line.check()?;
            put(change.root, previous, &bytes)?;
            // After the file: a root that is remembered and nowhere to be had would end the line.
            if previous.is_some() {
                line.remember()?;
            }
            // What waited is in force now; a draft that stays would be signed again.
            match draft.map(fs::remove_file) {
                Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
                    Err(io(draft.unwrap_or(change.root), error).into())
                }
                _ => Ok(Outcome::Replaced),
            }
        }
        (Err(refusal), Some(draft)) if refusal.reason == Reason::RootSignatures => {
            keep(&envelope, draft)?;
            let signed = refusal.saw().to_owned();
            Ok(Outcome::Waiting { signed })
        }
        (Err(refusal), _) => Err(refusal.into()),
    }
}

impl RootFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) if refusal.reason == Reason::RootSignatures => Some(
                "the quorum must sign, after a rotation the old and the new: --sign-key names each, \
                 --draft keeps the change for keepers elsewhere"
                    .into(),
            ),
            Self::Refused(refusal) if refusal.reason == Reason::RootRollback => Some(
                "a newer root of these keepers was used here: change that one; another line of roots \
                 takes keepers of its own"
                    .into(),
            ),
            Self::Refused(refusal) if refusal.reason == Reason::RootGap => Some(
                "take the versions between as well: each lies beside the root that followed it, as FILE.v2"
                    .into(),
            ),
            Self::Sign(error) => error.hint(),
            Self::Replaced(_) => Some(
                "nothing was changed by this command: look with `zwieback key list --root FILE` and repeat it"
                    .into(),
            ),
            Self::Waits { .. } => Some(
                "`zwieback key sign --check` shows it: sign it, remove the file if nobody wants it, or name \
                 another --draft"
                    .into(),
            ),
            Self::Refused(_) | Self::File(_) => None,
        }
    }
}

/// What the memory says that all commands share.
fn met(opened: Result<TrustRoot, RootStateError>) -> Result<TrustRoot, RootFileError> {
    opened.map_err(|error| match error {
        RootStateError::Refused(refusal) => refusal.into(),
        error @ RootStateError::Io { .. } => error.into(),
    })
}

/// Adds what other keepers have signed of it meanwhile. Another change that waits there is not overwritten, unless
/// it came to nothing: its version is in force.
fn join(
    envelope: &mut Envelope,
    signed: &[KeyId],
    draft: &Path,
    previous: Option<&TrustRoot>,
) -> Result<(), RootFileError> {
    let bytes = match given_file::read(draft, DOCUMENT) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|source| io(draft, source))?,
    };
    let (waiting, root) = root_chain::read(&bytes)?;
    if waiting.payload == envelope.payload {
        envelope.join(waiting, signed);
    } else if previous.is_none_or(|previous| previous.version < root.version) {
        return Err(RootFileError::Waits {
            path: draft.to_owned(),
            version: root.version,
        });
    }
    Ok(())
}

/// Waits until nobody else, whichever user, changes what lies where these files do.
pub(crate) fn hold(files: &[&Path]) -> Result<FolderLock, RootStateError> {
    let place = files.first().copied().unwrap_or(Path::new("."));
    folder_lock::hold(files).map_err(|source| io(place, source))
}

fn put(path: &Path, previous: Option<&TrustRoot>, bytes: &[u8]) -> Result<(), RootFileError> {
    if let Some(previous) = previous {
        let kept = root_state::replaced(path, previous.version);
        let old = given_file::read(path, DOCUMENT).map_err(|source| io(path, source))?;
        write(&kept, &old)?;
    }
    Ok(write(path, bytes)?)
}

fn io(path: &Path, source: std::io::Error) -> RootStateError {
    let path = path.to_owned();
    RootStateError::Io { path, source }
}

impl From<RootFileError> for Failure {
    fn from(error: RootFileError) -> Self {
        let hint = error.hint();
        match error {
            RootFileError::Refused(refusal) => Self::from(refusal).with_hint(hint),
            error => Self::new(error).with_hint(hint),
        }
    }
}
