//! Proofs from a log's folder, by the tiles on the way alone.

use zwieback_attest::bundle::Bundle;

use super::believed::BelievedLog;
use super::error::LogError;
use crate::tlog::entry;
use crate::tlog::proof_file::LogProof;
use crate::tlog::range::Tree;

impl BelievedLog {
    /// The proof that an entry is in the log as its checkpoint has it.
    pub fn prove(&self, index: u64) -> Result<LogProof, LogError> {
        let size = self.head().size;
        if index >= size {
            return Err(LogError::NoEntry { index, size });
        }
        let inclusion = Tree::new(&self.log, size).inclusion(index)?;
        Ok(LogProof {
            inclusion,
            checkpoint: self.note.clone(),
        })
    }

    /// The bundle of an entry, with the proof that it is there: what to hand to others.
    pub fn proven_bundle(&self, index: u64) -> Result<Bundle, LogError> {
        let record = self.record(index)?;
        let proof = self.prove(index)?;
        let member = entry::to_bundle_entry(record.body(), self.log.key(), &self.head(), &proof);
        Ok(record.bundle().clone().with_log_entry(member))
    }
}
