//! What a reader of a log has seen, and what it therefore takes as the log's next state.

use zwieback_model::digest::Digest;
use zwieback_model::timestamp::{SKEW, Timestamp};

use super::checkpoint::Checkpoint;
use super::note::Note;
use super::proof::TreeHead;
use super::witness_policy::WitnessPolicy;
use crate::reason::{Reason, Refusal};

/// What must be true of a log before anything in it is believed.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// Which logs, and on whose word.
    pub policy: &'a WitnessPolicy,
    /// The newest tree that this reader has seen: nothing it held may be gone.
    pub seen: Option<TreeHead>,
    /// How old the witnesses' word may be, in seconds: an attacker can hold a log back.
    pub max_age: Option<i64>,
    /// What the clock shows.
    pub now: Timestamp,
}

impl Expectation<'_> {
    /// Reads a checkpoint; what is returned was signed, witnessed, and is new enough and no smaller
    /// than what was seen. Whether it extends that takes a proof: see [`TreeHead::extends`].
    pub fn open(&self, note: &Note) -> Result<Checkpoint, Refusal> {
        let (checkpoint, time) = self.policy.open(note)?;
        self.check_age(time)?;
        let Some(seen) = self.seen else {
            return Ok(checkpoint);
        };
        let head = checkpoint.head;
        let saw = format!("{} entries after {}", head.size, seen.size);
        if head.size < seen.size {
            return Err(Refusal::new(Reason::LogRolledBack, saw));
        }
        if head.size == seen.size && head.root != seen.root {
            return Err(Refusal::new(Reason::LogForked, saw));
        }
        Ok(checkpoint)
    }

    /// Opens a checkpoint and holds it against what was seen, by a proof.
    pub fn advance(&self, note: &Note, path: &[Digest]) -> Result<Checkpoint, Refusal> {
        let checkpoint = self.open(note)?;
        if let Some(seen) = self.seen {
            checkpoint.head.extends(&seen, path)?;
        }
        Ok(checkpoint)
    }

    fn check_age(&self, time: Option<Timestamp>) -> Result<(), Refusal> {
        let Some(max) = self.max_age else {
            return Ok(());
        };
        let age = time.map(|time| self.now.seconds_since(time));
        match age {
            // A witness whose word is from a time ahead could have given it long ago.
            Some(age) if age < -SKEW => Err(Refusal::new(
                Reason::LogStale,
                format!("witnessed {} seconds ahead of this clock", -age),
            )),
            Some(age) if age <= max => Ok(()),
            Some(age) => Err(Refusal::new(
                Reason::LogStale,
                format!("witnessed {age} seconds ago, {max} are allowed"),
            )),
            None => Err(Refusal::new(Reason::LogStale, "not witnessed")),
        }
    }
}
