//! What a reader remembers of a log between two looks, so that nothing it saw can go.
//!
//! There is one memory for each key of a log, whichever command looks: what one of them saw, none of
//! the others lets go.

use std::fs::File;
use std::path::{Path, PathBuf};

use zwieback_sandbox::call::Attempt as _;

use super::error::LogError;
use super::files::{self, bytes};
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::proof::TreeHead;
use crate::tlog::witness_policy::WitnessPolicy;

/// A checkpoint has a few lines; a larger file is something else.
const LARGEST: u64 = 64 << 10;

/// The documents of a policy, which one entry of the log holds.
const LARGEST_POLICY: u64 = 64 << 20;

/// A file outside the log that remembers its newest checkpoint.
#[derive(Clone, Debug)]
pub struct Memory {
    path: PathBuf,
    /// Where earlier versions of this program remembered: taken over, and then gone.
    earlier: Vec<PathBuf>,
    /// Another file that is held against the log and kept as well.
    beside: Option<PathBuf>,
}

/// The right to change a memory; it ends when this is dropped, or the process dies.
#[derive(Debug)]
pub struct MemoryLock {
    _file: File,
}

impl Memory {
    /// The memory in that file, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            earlier: Vec::new(),
            beside: None,
        }
    }

    /// The same, which takes over what those files remember.
    #[must_use]
    pub fn taking_over(mut self, earlier: impl IntoIterator<Item = PathBuf>) -> Self {
        self.earlier.extend(earlier);
        self
    }

    /// The same, with a file besides that must agree with the log too.
    #[must_use]
    pub fn beside(mut self, path: Option<PathBuf>) -> Self {
        self.beside = path;
        self
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no one else changes it.
    pub(crate) fn lock(&self) -> Result<MemoryLock, LogError> {
        let mut path = self.path.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        files::make_private(files::folder_of(&path))?;
        let file = files::open_own(&path, 0o600)?;
        file.lock().attempt("flock", bytes(&path))?;
        Ok(MemoryLock { _file: file })
    }

    /// The newest tree that this file remembers, if any. It must be of the log that is expected.
    pub(crate) fn seen(&self, policy: &WitnessPolicy) -> Result<Option<TreeHead>, LogError> {
        let note = read(&self.path)?;
        note.map(|note| open(&note, policy)).transpose()
    }

    /// Every tree that is remembered anywhere: the log, whose checkpoint is that of the opened note, must
    /// extend each of them.
    pub(super) fn all(
        &self,
        policy: &WitnessPolicy,
        (opened, head): (&Note, TreeHead),
    ) -> Result<Vec<TreeHead>, LogError> {
        let files = [&self.path].into_iter();
        let files = files.chain(&self.earlier).chain(&self.beside);
        let mut all = Vec::new();
        for path in files {
            match read(path)? {
                // Most often it is that very note.
                Some(note) if note == *opened => all.push(head),
                Some(note) => all.push(open(&note, policy)?),
                None => {}
            }
        }
        Ok(all)
    }

    /// Remembers a checkpoint that was believed.
    pub(crate) fn keep(&self, note: &Note) -> Result<(), LogError> {
        let text = note.to_text();
        for path in [&self.path].into_iter().chain(&self.beside) {
            files::write_private(path, text.as_bytes())?;
        }
        for path in &self.earlier {
            files::remove(path)?;
        }
        Ok(())
    }

    /// What is remembered of the policy in force: who may say that the log was put back.
    pub(crate) fn policy(&self) -> Result<Option<Vec<u8>>, LogError> {
        Ok(files::read(&self.policy_path(), LARGEST_POLICY)?)
    }

    /// Remembers the policy in force in the newest log that was believed.
    pub(crate) fn keep_policy(&self, documents: &[u8]) -> Result<(), LogError> {
        Ok(files::write_private(&self.policy_path(), documents)?)
    }

    fn policy_path(&self) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push(".policy");
        path.into()
    }

    /// Remembers nothing any more.
    pub(crate) fn forget(&self) -> Result<(), LogError> {
        let _lock = self.lock()?;
        Ok(files::remove(&self.path)?)
    }

    /// Whether nothing would change if that tree were kept.
    pub(super) fn is_only(&self, all: &[TreeHead], head: TreeHead) -> bool {
        let files = 1 + usize::from(self.beside.is_some());
        all.len() == files && all.iter().all(|seen| *seen == head)
    }
}

fn read(path: &Path) -> Result<Option<Note>, LogError> {
    let content = files::read(path, LARGEST)?;
    Ok(content.map(|content| Note::parse(&content)).transpose()?)
}

/// A file that was changed is refused: whoever changed it could have made the reader forget.
fn open(note: &Note, policy: &WitnessPolicy) -> Result<TreeHead, LogError> {
    let origin = Checkpoint::of(note)?.origin;
    let mut logs = policy.logs().iter();
    let Some(key) = logs.find(|log| *log.name() == origin) else {
        return Err(Refusal::new(Reason::LogOrigin, origin).into());
    };
    Ok(Checkpoint::open(note, key)?.head)
}
