//! Watching a log: what is new since the last look is read, and nothing of what was seen may be gone.

use zwieback_attest::known_keys::KnownKeys;

use super::believed::BelievedLog;
use super::error::LogError;
use super::memory::Memory;
use super::record::ProvenRecord;
use crate::tlog::witness_policy::WitnessPolicy;

impl BelievedLog {
    /// What is wanted of the records that are new since the last look, whose end the position remembers.
    /// All are read: one that was changed since then is found as well.
    pub fn monitor<T>(
        &self,
        policy: &WitnessPolicy,
        position: &Memory,
        wanted: impl Fn(ProvenRecord) -> T,
    ) -> Result<Vec<T>, LogError> {
        let _lock = position.lock()?;
        let seen = position.seen(policy)?;
        if let Some(seen) = seen {
            self.extends(seen)?;
        }
        let known = seen.map_or(0, |seen| seen.size);
        let (mut fresh, mut keys) = (Vec::new(), KnownKeys::default());
        for stored in self.entries() {
            let record = stored?.prove(&mut keys)?;
            if record.index() >= known {
                fresh.push(wanted(record));
            }
        }
        position.keep(&self.note)?;
        Ok(fresh)
    }
}
