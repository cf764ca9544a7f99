//! The whole log held against its checkpoint: entries, digests, and the bundles behind them.

use zwieback_core::attest::bundle::Bundle;
use zwieback_core::attest::reason::Refusal as AttestRefusal;

use super::error::LogError;
use super::place::LogDir;
use super::read::LoggedBundle;
use crate::reason::Refusal;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::view::Expectation;

impl LogDir {
    /// Reads every entry and bundle; what is returned was found whole and in agreement.
    pub fn verify(&self, expected: &Expectation<'_>) -> Result<Checkpoint, LogError> {
        let (checkpoint, entries) = self.entries(expected)?;
        let mut refused = None;
        for logged in entries {
            // To the end, where it shows whether the log has these entries at all.
            let checked = check(&logged?);
            refused = refused.or(checked.err());
        }
        refused.map_or(Ok(checkpoint), |it| Err(it.into()))
    }
}

fn check(logged: &LoggedBundle) -> Result<(), Refusal> {
    let bundle = Bundle::parse(&logged.bundle).map_err(AttestRefusal::from)?;
    Entry::parse(&logged.body)?.matches(&bundle)
}
