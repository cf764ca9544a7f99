//! The runs that are made to confirm causes: so many for a whole build, and none that was made already.

use zwieback_model::variation::conditions::Conditions;
use zwieback_model::variation::counterfactual;
use zwieback_model::variation::factor::Factor;

use crate::pipeline::context::error::PipelineError;
use crate::pipeline::runs::trial_runs::{Lab, Paths};

/// The most runs that are made to confirm causes, all causes and all outputs of a build together. Twenty factors may
/// each be told by its trace; a recipe has as many outputs as it likes, and each of them could ask for runs of its own.
pub const MOST: u32 = 96;

/// Runs beside the two that were compared.
pub struct FurtherRuns<'a> {
    lab: Lab<'a>,
    allowance: Allowance,
    known: Vec<Known>,
}

/// How many runs may still be made.
struct Allowance {
    left: u32,
    has_ended: bool,
}

/// The runs that were made under the same conditions.
struct Known {
    conditions: Conditions,
    /// What differed from run A in each of them.
    rounds: Vec<Paths>,
}

/// How often an output differed from run A's, of all runs under some conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The runs in which it differed.
    pub differing: usize,
    /// All of them.
    pub runs: usize,
}

impl<'a> FurtherRuns<'a> {
    /// None was made yet.
    pub fn new(lab: Lab<'a>) -> Self {
        Self {
            lab,
            allowance: Allowance {
                left: MOST,
                has_ended: false,
            },
            known: Vec::new(),
        }
    }

    /// What they are made from.
    pub fn lab(&self) -> &Lab<'a> {
        &self.lab
    }

    /// Whether there was a question that no run was left for.
    pub fn has_ended(&self) -> bool {
        self.allowance.has_ended
    }

    /// For each of these conditions, the outputs that differ from run A's in the run of this number under them.
    /// None where no runs are left for them, or a run did not come to its end.
    pub fn differing<const N: usize>(
        &mut self,
        all: &[Conditions; N],
        round: usize,
    ) -> Result<Option<[Paths; N]>, PipelineError> {
        let is_new = |conditions: &&Conditions| self.round(conditions, round).is_none();
        let new: Vec<Conditions> = all.iter().filter(is_new).cloned().collect();
        if !self.allowance.take(new.len()) {
            return Ok(None);
        }
        let made = match self.lab.differing(&new) {
            Err(PipelineError::StepFailed { .. }) => return Ok(None),
            made => made?,
        };
        for (conditions, paths) in new.into_iter().zip(made) {
            self.add(conditions, paths);
        }
        let known = all
            .iter()
            .filter_map(|conditions| self.round(conditions, round));
        Ok(known.cloned().collect::<Vec<_>>().try_into().ok())
    }

    /// The outputs that differ between so many runs under these conditions; none where they say nothing, or no runs
    /// are left.
    pub fn unsteady(
        &mut self,
        conditions: &Conditions,
        runs: u32,
    ) -> Result<Option<Paths>, PipelineError> {
        if !self.allowance.take(runs as usize) {
            return Ok(None);
        }
        self.lab.unsteady(conditions, runs)
    }

    /// How often an output differed under these conditions.
    pub fn count(&self, conditions: &Conditions, path: &str) -> Count {
        self.find(conditions)
            .map_or(Count::default(), |known| Count {
                differing: known.differing(path),
                runs: known.rounds.len(),
            })
    }

    /// How often an output differed in all runs in which a factor was varied, and in all others; run B is one of
    /// the first, and run A of the second.
    pub fn evidence(&self, path: &str, factor: Factor) -> [Count; 2] {
        let variation = &self.lab.twin.variation;
        let b = Count {
            differing: 1,
            runs: 1,
        };
        let a = Count {
            differing: 0,
            runs: 1,
        };
        let mut evidence = [b, a];
        for known in &self.known {
            let is_varied = counterfactual::is_varied(variation, &known.conditions, factor);
            let count = &mut evidence[usize::from(!is_varied)];
            count.differing += known.differing(path);
            count.runs += known.rounds.len();
        }
        evidence
    }

    /// Whether an output differed in some runs and not in others that were made under the same conditions, and in
    /// which memory is not laid out by chance.
    pub fn is_unsteady(&self, path: &str) -> bool {
        let mut counts = self
            .known
            .iter()
            .filter(|known| !known.conditions.aslr)
            .map(|known| (known.differing(path), known.rounds.len()));
        counts.any(|(differing, runs)| differing > 0 && differing < runs)
    }

    fn find(&self, conditions: &Conditions) -> Option<&Known> {
        self.known
            .iter()
            .find(|known| known.conditions == *conditions)
    }

    fn round(&self, conditions: &Conditions, round: usize) -> Option<&Paths> {
        self.find(conditions)?.rounds.get(round)
    }

    fn add(&mut self, conditions: Conditions, paths: Paths) {
        let mut known = self.known.iter_mut();
        match known.find(|known| known.conditions == conditions) {
            Some(known) => known.rounds.push(paths),
            None => self.known.push(Known {
                conditions,
                rounds: vec![paths],
            }),
        }
    }
}

impl Allowance {
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

impl Known {
    fn differing(&self, path: &str) -> usize {
        let rounds = self.rounds.iter();
        rounds.filter(|paths| paths.contains(path)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_no_run_is_left_for_is_remembered() {
        let mut allowance = Allowance {
            left: MOST,
            has_ended: false,
        };
        assert!(allowance.take(MOST as usize - 1) && !allowance.has_ended);
        assert!(!allowance.take(2) && allowance.has_ended);
        // What is left serves a smaller question.
        assert!(allowance.take(1) && !allowance.take(1));
    }
}
