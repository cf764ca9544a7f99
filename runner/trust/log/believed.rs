//! The one door to a log's entries: its checkpoint is held against what is expected and remembered.

use zwieback_model::digest::Digest;

use super::error::LogError;
use super::memory::Memory;
use super::place::LogDir;
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::Tree;
use crate::tlog::view::Expectation;
use crate::tlog::witness_policy::WitnessPolicy;

/// A log as one checkpoint has it, which was signed and witnessed, is new enough, and extends
/// everything that this reader remembers. Only this can be read.
#[derive(Clone, Debug)]
pub struct BelievedLog {
    pub(super) log: LogDir,
    pub(super) note: Note,
    pub(super) checkpoint: Checkpoint,
}

impl LogDir {
    /// Holds the newest checkpoint against what is expected and against the memory, which advances.
    pub fn believe(
        &self,
        expected: &Expectation<'_>,
        memory: &Memory,
    ) -> Result<BelievedLog, LogError> {
        let _lock = memory.lock()?;
        let believed = self.claimed(expected)?;
        let all = memory.all(expected.policy, (&believed.note, believed.head()))?;
        for seen in &all {
            believed.extends(*seen)?;
        }
        if !memory.is_only(&all, believed.head()) {
            memory.keep(&believed.note)?;
        }
        Ok(believed)
    }

    /// The same for whoever knows the log by its folder alone: its key is the one that lies there.
    pub fn believe_own(
        &self,
        memory: &Memory,
        now: zwieback_model::timestamp::Timestamp,
    ) -> Result<BelievedLog, LogError> {
        let policy = WitnessPolicy::unwitnessed(self.key().clone());
        let expected = Expectation {
            policy: &policy,
            seen: None,
            max_age: None,
            now,
        };
        self.believe(&expected, memory)
    }

    /// What the newest checkpoint claims, by those who sign it; not held against any memory.
    pub(super) fn claimed(&self, expected: &Expectation<'_>) -> Result<BelievedLog, LogError> {
        let note = self.note()?;
        let checkpoint = expected.open(&note)?;
        Ok(BelievedLog {
            log: self.clone(),
            note,
            checkpoint,
        })
    }
}

impl BelievedLog {
    /// Its tree.
    pub fn head(&self) -> TreeHead {
        self.checkpoint.head
    }

    /// Whether the log's folder has the same checkpoint still.
    pub(crate) fn is_newest(&self) -> Result<bool, LogError> {
        Ok(self.log.note()? == self.note)
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint with all its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Makes sure that this is what the log was at that tree, and more; by its own tiles.
    pub fn extends(&self, older: TreeHead) -> Result<(), LogError> {
        let head = self.head();
        if older.size >= head.size {
            return Ok(head.extends(&older, &[])?);
        }
        let path = self.growth(older.size)?;
        let Err(refusal) = head.extends(&older, &path) else {
            return Ok(());
        };
        // Tiles that do not even lead to their own checkpoint tell nothing about the past.
        let there = TreeHead {
            size: older.size,
            root: Tree::new(&self.log, head.size).root_until(older.size)?,
        };
        if there == older || head.extends(&there, &path).is_err() {
            let saw = "the files in \"tile\" do not lead to the checkpoint's root";
            return Err(Refusal::new(Reason::LogEdited, saw).into());
        }
        Err(refusal.into())
    }

    /// The proof that the log extends what it was at `older` entries.
    pub fn growth(&self, older: u64) -> Result<Vec<Digest>, LogError> {
        Tree::new(&self.log, self.head().size).consistency(older)
    }
}
