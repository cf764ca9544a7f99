//! The whole log held against its checkpoint: entries, digests, and the bundles behind them.

use zwieback_attest::known_keys::KnownKeys;

use super::believed::BelievedLog;
use super::error::LogError;
use crate::reason::Refusal;
use crate::statement::said::{Check, Reading};

impl BelievedLog {
    /// Reads every record and checks every signature; after this the log was found whole.
    pub fn verify(&self) -> Result<(), LogError> {
        let mut refused: Option<Refusal> = None;
        let mut keys = KnownKeys::default();
        for stored in self.entries() {
            // To the end, where it shows whether the log has these entries at all.
            if let Reading::Forged(refusal) = stored?.prove(&mut keys)?.read(Check::Signature) {
                refused = refused.or(Some(refusal));
            }
        }
        refused.map_or(Ok(()), |refusal| Err(refusal.into()))
    }
}
