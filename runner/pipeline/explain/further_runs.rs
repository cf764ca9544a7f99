//! The runs that are made to confirm causes: so many for a whole build, and none under the same conditions twice.

use zwieback_model::variation::conditions::Conditions;

use crate::pipeline::context::error::PipelineError;
use crate::pipeline::runs::trial_runs::{ALIKE, Lab, Paths};

/// The most runs that are made to confirm causes, all causes and all outputs of a build together. Twenty factors may
/// each be told by its trace; a recipe has as many outputs as it likes, and each of them could ask for runs of its own.
pub const MOST: u32 = 64;

/// Runs beside the two that were compared.
pub struct FurtherRuns<'a> {
    lab: Lab<'a>,
    left: u32,
    /// What differed from run A, by the conditions.
    known: Vec<(Conditions, Paths)>,
    has_ended: bool,
}

impl<'a> FurtherRuns<'a> {
    /// None was made yet.
    pub fn new(lab: Lab<'a>) -> Self {
        Self {
            lab,
            left: MOST,
            known: Vec::new(),
            has_ended: false,
        }
    }

    /// What they are made from.
    pub fn lab(&self) -> &Lab<'a> {
        &self.lab
    }

    /// Whether there was a question that no run was left for.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// For each of these conditions, the outputs that differ from run A's; none where no runs are left for them.
    pub fn differing(&mut self, all: &[Conditions]) -> Result<Option<Vec<Paths>>, PipelineError> {
        let is_new = |conditions: &&Conditions| self.find(conditions).is_none();
        let new: Vec<Conditions> = all.iter().filter(is_new).cloned().collect();
        if !self.take(new.len()) {
            return Ok(None);
        }
        let made = self.lab.differing(&new)?;
        self.known.extend(new.into_iter().zip(made));
        let known = all.iter().filter_map(|conditions| self.find(conditions));
        Ok(Some(known.cloned().collect()))
    }

    /// The outputs that differ between runs under these conditions; none where they say nothing, or no runs are left.
    pub fn unsteady(&mut self, conditions: &Conditions) -> Result<Option<Paths>, PipelineError> {
        if !self.take(ALIKE as usize) {
            return Ok(None);
        }
        self.lab.unsteady(conditions)
    }

    fn find(&self, conditions: &Conditions) -> Option<&Paths> {
        let mut known = self.known.iter();
        let found = known.find(|(known, _)| known == conditions);
        found.map(|(_, paths)| paths)
    }

    fn take(&mut self, runs: usize) -> bool {
        let left = u32::try_from(runs)
            .ok()
            .and_then(|runs| self.left.checked_sub(runs));
        match left {
            Some(left) => self.left = left,
            None => self.has_ended = true,
        }
        left.is_some()
    }
}
