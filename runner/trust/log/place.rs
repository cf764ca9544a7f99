//! Where a log lies, and whose it is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use zwieback_host::keys::signer::Signer;
use zwieback_model::timestamp::Timestamp;
use zwieback_sandbox::call::Attempt as _;

use super::error::LogError;
use super::files::{self, bytes};
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::note_key::{NoteKey, NoteKind, NoteName};
use crate::tlog::proof::TreeHead;
use crate::tlog::trusted_root::trusted_root;

const CHECKPOINT: &str = "checkpoint";
const KEY: &str = "log.vkey";
const TRUSTED_ROOT: &str = "trusted_root.json";
/// A checkpoint has a few lines; a larger file is something else.
const LARGEST: u64 = 64 << 10;

/// A folder with a log.
#[derive(Clone, Debug)]
pub struct LogDir {
    path: PathBuf,
    key: NoteKey,
}

/// The right to write; it ends when this is dropped, or the process dies.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

impl LogDir {
    /// Makes an empty log of that name in a folder that has none.
    pub fn init(
        path: &Path,
        origin: NoteName,
        signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let key = NoteKey::new(NoteKind::Log, origin, signer.public_key())?;
        let log = Self {
            path: path.to_owned(),
            key,
        };
        for folder in ["tile/entries", "statements"] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).attempt("mkdir", bytes(&folder))?;
        }
        let _lock = log.lock()?;
        if path.join(CHECKPOINT).exists() {
            return Err(LogError::Exists(log.path));
        }
        files::write_synced(&path.join(KEY), format!("{}\n", log.key).as_bytes())?;
        files::write_synced(
            &path.join(TRUSTED_ROOT),
            trusted_root(&log.key, now).as_bytes(),
        )?;
        log.publish(TreeHead::empty(), signer)?;
        Ok(log)
    }

    /// Finds a log, whatever its files say; reading it takes [`Self::believe`].
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let text = files::read(&path.join(KEY), LARGEST)?;
        let missing = || Refusal::new(Reason::LogMissing, format!("{:?}", path.display()));
        let text = String::from_utf8(text.ok_or_else(missing)?).unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            key: text.trim_end().parse()?,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key by which the log signs, as the folder has it.
    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    /// The newest checkpoint with all its signatures.
    pub(super) fn note(&self) -> Result<Note, LogError> {
        let path = self.path.join(CHECKPOINT);
        let missing = || Refusal::new(Reason::LogMissing, format!("{:?}", path.display()));
        let bytes = files::read(&path, LARGEST)?.ok_or_else(missing)?;
        Ok(Note::parse(&bytes)?)
    }

    /// The newest checkpoint, signed by the key in the folder: enough for whoever wrote it.
    pub(super) fn checkpoint(&self) -> Result<Checkpoint, LogError> {
        Ok(Checkpoint::open(&self.note()?, &self.key)?)
    }

    /// Waits until no one else writes.
    pub fn lock(&self) -> Result<WriteLock, LogError> {
        let path = self.path.join("lock");
        let file = files::lock(&path)?;
        Ok(WriteLock { _file: file })
    }

    /// Signs a tree and makes it the log's word; the caller has synced all that it speaks of.
    pub(super) fn publish(&self, head: TreeHead, signer: &dyn Signer) -> Result<Note, LogError> {
        let expected = NoteKey::new(NoteKind::Log, self.key.name().clone(), signer.public_key());
        if expected.as_ref() != Ok(&self.key) {
            return Err(LogError::OtherKey {
                log: self.key.name().to_string(),
            });
        }
        let checkpoint = Checkpoint {
            origin: self.key.name().clone(),
            head,
        };
        let signature = signer.sign(checkpoint.to_text().as_bytes())?;
        let note = checkpoint.signed(&self.key, signature);
        // A signer that returns another key's signature must not destroy a good checkpoint.
        Checkpoint::open(&note, &self.key)?;
        self.put_note(&note)?;
        Ok(note)
    }

    /// Replaces the checkpoint's file.
    pub(super) fn put_note(&self, note: &Note) -> Result<(), LogError> {
        let text = note.to_text();
        Ok(files::write_synced(
            &self.path.join(CHECKPOINT),
            text.as_bytes(),
        )?)
    }
}
