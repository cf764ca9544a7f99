//! A witness: it vouches for a checkpoint only if that extends the last one it vouched for.

use zwieback_host::keys::signer::Signer;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use super::believed::BelievedLog;
use super::error::LogError;
use super::memory::Memory;
use super::place::LogDir;
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::cosignature;
use crate::tlog::note::Note;
use crate::tlog::note_key::NoteKey;
use crate::tlog::view::Expectation;
use crate::tlog::witness_policy::WitnessPolicy;

/// Someone other than the log's operator, with a key and a memory of their own.
pub struct Witness<'a> {
    /// Their key's name in notes.
    pub key: &'a NoteKey,
    /// Their key.
    pub signer: &'a dyn Signer,
    /// What they vouched for last, with this key.
    pub memory: &'a Memory,
    /// The log they know; they need no other witnesses.
    pub policy: &'a WitnessPolicy,
}

impl Witness<'_> {
    /// Cosigns a checkpoint that extends the last one, by that proof.
    ///
    /// The memory is kept before the signature leaves: two signatures over a fork are impossible
    /// even across a crash.
    pub fn cosign(&self, note: &Note, path: &[Digest], now: Timestamp) -> Result<Note, LogError> {
        let _lock = self.memory.lock()?;
        let expected = Expectation {
            policy: self.policy,
            seen: self.memory.seen(self.policy)?,
            max_age: None,
            now,
        };
        expected.advance(note, path)?;
        self.memory.keep(note)?;
        let signature = self.signer.sign(&cosignature::message(note, now))?;
        let mut cosigned = note.clone();
        cosignature::add(&mut cosigned, self.key, now, &signature);
        Ok(cosigned)
    }
}

impl LogDir {
    /// Has a witness cosign the newest checkpoint, and publishes it with the new line; `seen` is what
    /// whoever runs this remembers of the log. The clock is asked when nobody else writes the log any more.
    pub fn witness(
        &self,
        witness: &Witness<'_>,
        seen: &Memory,
        clock: impl FnOnce() -> Timestamp,
    ) -> Result<Checkpoint, LogError> {
        let _lock = self.lock()?;
        let cosigned = self.vouched(witness, seen, clock())?;
        self.put_note(&cosigned)?;
        Ok(Checkpoint::open(&cosigned, self.key())?)
    }

    /// The newest checkpoint with a witness's line; nothing is published.
    pub fn vouched(
        &self,
        witness: &Witness<'_>,
        seen: &Memory,
        now: Timestamp,
    ) -> Result<Note, LogError> {
        let expected = Expectation {
            policy: witness.policy,
            seen: None,
            max_age: None,
            now,
        };
        let believed: BelievedLog = self.believe(&expected, seen)?;
        let last = witness.memory.seen(witness.policy)?;
        if let Some(last) = last {
            believed.extends(last)?;
        }
        let path = believed.growth(last.map_or(0, |last| last.size))?;
        witness.cosign(believed.note(), &path, now)
    }

    /// Publishes lines of witnesses that the policy knows, if they are about the newest checkpoint
    /// and hold; how many there were.
    pub fn take(&self, cosigned: &Note, policy: &WitnessPolicy) -> Result<usize, LogError> {
        let _lock = self.lock()?;
        let mut note = self.note()?;
        Checkpoint::open(&note, self.key())?;
        if cosigned.text() != note.text() {
            let saw = Checkpoint::of(cosigned)?.head.size;
            let saw = format!("a checkpoint of {saw} entries, not the newest");
            return Err(Refusal::new(Reason::LogStale, saw).into());
        }
        let before = note.signatures().len();
        for (_, witness) in policy.witnesses() {
            if cosignature::time(cosigned, witness).is_some() {
                cosigned.copy_lines(witness, &mut note);
            }
        }
        self.put_note(&note)?;
        Ok(note.signatures().len() - before)
    }
}
