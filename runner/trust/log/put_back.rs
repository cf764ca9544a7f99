//! A log that is not what was remembered: evidence, until its keepers say that it was put back.

use super::append::{Appended, Submission};
use super::believed::BelievedLog;
use super::entries::Entries;
use super::error::LogError;
use super::memory::{Memory, MemoryLock};
use super::place::{LogDir, WriteLock};
use crate::tlog::frontier::Frontier;
use crate::tlog::proof::TreeHead;
use crate::tlog::view::Expectation;
use zwieback_host::keys::signer::Signer;

/// What a log claims to be that does not extend all that is remembered. It can be read to find what its
/// keepers say about that, and nothing else.
#[derive(Debug)]
pub struct PutBack<'a> {
    claimed: BelievedLog,
    lost: Vec<TreeHead>,
    memory: &'a Memory,
    _lock: MemoryLock,
}

impl LogDir {
    /// The log as it claims to be, with the remembered trees that it does not extend; the memory is
    /// held still.
    pub(crate) fn put_back<'a>(
        &self,
        expected: &Expectation<'_>,
        memory: &'a Memory,
    ) -> Result<PutBack<'a>, LogError> {
        let lock = memory.lock()?;
        let claimed = self.claimed(expected)?;
        let mut lost = Vec::new();
        for seen in memory.all(expected.policy, (claimed.note(), claimed.head()))? {
            if claimed.extends(seen).is_err() {
                lost.push(seen);
            }
        }
        Ok(PutBack {
            claimed,
            lost,
            memory,
            _lock: lock,
        })
    }
}

impl PutBack<'_> {
    /// What is remembered and not there any more.
    pub fn lost(&self) -> &[TreeHead] {
        &self.lost
    }

    /// The tree that is there.
    pub fn head(&self) -> TreeHead {
        self.claimed.head()
    }

    /// Whether that tree is a beginning of the one that is there.
    pub fn extends(&self, older: TreeHead) -> bool {
        self.claimed.extends(older).is_ok()
    }

    /// All records that are there.
    pub(crate) fn entries(&self) -> Entries<'_> {
        self.claimed.entries_after(Frontier::default())
    }

    /// Appends what keepers say about it; nothing is remembered.
    pub(crate) fn append(
        &self,
        _lock: &WriteLock,
        batch: &[Submission],
        signer: &dyn Signer,
    ) -> Result<Appended, LogError> {
        self.claimed
            .write(batch, signer)
            .map(|(appended, _)| appended)
    }

    /// Gives up what was lost: the log is remembered as it is now.
    pub(crate) fn accept(self) -> Result<BelievedLog, LogError> {
        self.memory.keep(self.claimed.note())?;
        Ok(self.claimed)
    }
}
