//! The further runs of a build, and what they say of one output.

use std::collections::BTreeSet;

use zwieback_explain::certainty::Certainty;
use zwieback_explain::finding::{Explanation, Finding};
use zwieback_model::variation::conditions::Conditions;

use super::further_runs::FurtherRuns;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::runs::trial_runs::Paths;

/// Runs under equal conditions that must all differ before chance is frozen, all be equal before an output is called
/// steady, and all be equal once chance is frozen: what falls one way in eight runs and then the other way in eight
/// is no coin.
pub(super) const ALIKE: u32 = 8;

/// The runs that are made for each cause.
pub(super) struct Trial<'a> {
    /// The runs.
    pub(super) runs: FurtherRuns<'a>,
}

impl Trial<'_> {
    /// Whether an output is the same in all runs like run A; in those that were made, where it is known what it is.
    pub(super) fn is_steady(&mut self, path: &str, is_known: bool) -> Result<bool, PipelineError> {
        if !is_known {
            self.further_controls()?;
        }
        let count = self.runs.count(&self.plain(), path);
        Ok(count.differing == 0 && (is_known || count.runs >= ALIKE as usize))
    }

    /// Whether an output differs in all runs like run B.
    pub(super) fn always_differs(&mut self, path: &str) -> Result<bool, PipelineError> {
        let b = [self.runs.lab().twin.variation.b.clone()];
        for round in 0..ALIKE as usize {
            match self.runs.differing(&b, round)? {
                Some([differing]) if differing.contains(path) => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// As many runs like run A as it takes to call something steady.
    pub(super) fn further_controls(&mut self) -> Result<(), PipelineError> {
        for round in 1..ALIKE as usize {
            if self.control(round)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// What differs in the run of this number like run A.
    pub(super) fn control(&mut self, round: usize) -> Result<Option<Paths>, PipelineError> {
        let made = self.runs.differing(&[self.plain()], round)?;
        Ok(made.map(|[paths]| paths))
    }

    /// Run A's conditions.
    pub(super) fn plain(&self) -> Conditions {
        self.runs.lab().twin.variation.a.clone()
    }
}

/// Whether what stands in each run is what that run was shown.
pub(super) fn is_known(finding: &Finding) -> bool {
    finding.certainty == Certainty::Known
}

/// Whether it is not known yet what is behind it.
pub(super) fn is_open(finding: &Finding) -> bool {
    finding.confirmed.is_none() && finding.unsteady.is_none()
}

/// Findings of which it is not known yet what is behind them.
pub(super) fn open(report: &mut Explanation) -> impl Iterator<Item = &mut Finding> {
    report
        .findings
        .iter_mut()
        .filter(|finding| is_open(finding))
}

/// The outputs that have one.
pub(super) fn open_paths(report: &mut Explanation) -> BTreeSet<String> {
    open(report)
        .map(|finding| finding.path.to_string())
        .collect()
}
