//! Proofs from a log's folder, by the tiles on the way alone.

use zwieback_core::attest::bundle::Bundle;
use zwieback_core::digest::Digest;

use super::error::LogError;
use super::place::LogDir;
use super::read::LoggedBundle;
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::{self, Entry};
use crate::tlog::node;
use crate::tlog::proof::TreeHead;
use crate::tlog::proof_file::LogProof;
use crate::tlog::range::Tree;

impl LogDir {
    /// The proof that an entry is in the log as its newest checkpoint has it.
    pub fn prove(&self, index: u64) -> Result<LogProof, LogError> {
        let note = self.note()?;
        let size = Checkpoint::open(&note, self.key())?.head.size;
        if index >= size {
            return Err(LogError::NoEntry { index, size });
        }
        let inclusion = Tree::new(self, size).inclusion(index)?;
        Ok(LogProof {
            inclusion,
            checkpoint: note,
        })
    }

    /// The proof that the log extends what it was at `older` entries.
    pub fn prove_growth(&self, older: u64) -> Result<Vec<Digest>, LogError> {
        let size = self.checkpoint()?.head.size;
        Tree::new(self, size).consistency(older)
    }

    /// An entry with its bundle, held against the tree: this is what the log has there.
    pub fn proven(&self, index: u64, head: TreeHead) -> Result<LoggedBundle, LogError> {
        let logged = self.entry(index, head.size)?;
        let edited = |refusal: Refusal| Refusal::new(Reason::LogEdited, refusal.saw());
        let proof = Tree::new(self, head.size).inclusion(index)?;
        let there = head.includes(node::leaf(&logged.body), &proof);
        there.map_err(edited)?;
        let bundle = Bundle::parse(&logged.bundle);
        let bundle = bundle.map_err(zwieback_core::attest::reason::Refusal::from)?;
        Entry::parse(&logged.body)?.names(&bundle).map_err(edited)?;
        Ok(logged)
    }

    /// The bundle of an entry, with the proof that it is there: what to hand to others.
    pub fn proven_bundle(&self, index: u64) -> Result<Bundle, LogError> {
        let proof = self.prove(index)?;
        let head = Checkpoint::open(&proof.checkpoint, self.key())?.head;
        let logged = self.entry(index, head.size)?;
        head.includes(node::leaf(&logged.body), &proof.inclusion)
            .map_err(|refusal| Refusal::new(Reason::LogEdited, refusal.saw()))?;
        let bundle = Bundle::parse(&logged.bundle);
        let bundle = bundle.map_err(zwieback_core::attest::reason::Refusal::from)?;
        let member = entry::to_bundle_entry(&logged.body, self.key(), &head, &proof);
        Ok(bundle.with_log_entry(member))
    }
}

impl From<zwieback_core::attest::reason::Refusal> for LogError {
    fn from(refusal: zwieback_core::attest::reason::Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}
