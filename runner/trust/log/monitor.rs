//! What a reader remembers of a log between two looks, so that nothing it saw can go.

use std::path::{Path, PathBuf};

use super::error::LogError;
use super::files;
use super::place::LogDir;
use super::read::LoggedBundle;
use crate::reason::{Reason, Refusal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::proof::TreeHead;
use crate::tlog::view::Expectation;
use crate::tlog::witness_policy::WitnessPolicy;

/// A file outside the log that remembers its newest checkpoint.
#[derive(Clone, Debug)]
pub struct Memory {
    path: PathBuf,
}

impl Memory {
    /// The memory in that file, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The newest tree that was seen, if any was. It must be of the log that is expected.
    pub fn seen(&self, policy: &WitnessPolicy) -> Result<Option<TreeHead>, LogError> {
        let Some(bytes) = files::read(&self.path, 64 << 10)? else {
            return Ok(None);
        };
        let checkpoint = Checkpoint::of(&Note::parse(&bytes)?)?;
        if policy
            .logs()
            .iter()
            .any(|log| *log.name() == checkpoint.origin)
        {
            Ok(Some(checkpoint.head))
        } else {
            Err(Refusal::new(Reason::LogOrigin, &checkpoint.origin).into())
        }
    }

    /// Remembers a checkpoint that was believed.
    pub fn keep(&self, note: &Note) -> Result<(), LogError> {
        Ok(files::write_synced(&self.path, note.to_text().as_bytes())?)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl LogDir {
    /// Checks that the log only grew since the last look, and remembers it; the new entries.
    pub fn monitor(
        &self,
        expected: &Expectation<'_>,
        memory: &Memory,
    ) -> Result<Vec<LoggedBundle>, LogError> {
        let seen = memory.seen(expected.policy)?;
        let expected = Expectation { seen, ..*expected };
        let note = self.note()?;
        let checkpoint = expected.open(&note)?;
        if let Some(seen) = seen {
            let path = self.prove_growth(seen.size)?;
            checkpoint.head.extends(&seen, &path)?;
        }
        let known = seen.map_or(0, |seen| seen.size);
        let (_, entries) = self.entries(&expected)?;
        let fresh = entries.skip_while(|it| it.as_ref().is_ok_and(|it| it.index < known));
        let fresh = fresh.collect::<Result<_, _>>()?;
        memory.keep(&note)?;
        Ok(fresh)
    }
}
