//! Suspects, each tested by pairs of runs, and what nobody suspected, by halves of all factors.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_explain::cause::Cause;
use zwieback_explain::finding::{Explanation, Finding};
use zwieback_model::variation::conditions::Conditions;
use zwieback_model::variation::counterfactual;
use zwieback_model::variation::factor::Factor;

use super::further_runs::Count;
use super::trial::{Trial, is_known, open};
use crate::pipeline::context::error::PipelineError;

/// Pairs of runs that a factor must come through, in one of which it is varied, and not in the other.
pub(super) const PAIRS: usize = 7;

impl Trial<'_> {
    /// Pairs for one suspect: a run in which it alone is varied, and one in which all else is.
    pub(super) fn suspect(
        &mut self,
        report: &mut Explanation,
        suspect: Factor,
        tried: &BTreeSet<Factor>,
    ) -> Result<(), PipelineError> {
        let variation = &self.runs.lab().twin.variation;
        let only = counterfactual::only(variation, &[suspect]);
        let all_but = counterfactual::all_but(variation, &[suspect]);
        let (Some(only), Some(all_but)) = (only, all_but) else {
            return Ok(());
        };
        let pair = [only, all_but];
        for round in 0..PAIRS {
            if self.runs.differing(&pair, round)?.is_none() {
                return Ok(());
            }
            if is_drawn(suspect) && round + 1 == PAIRS {
                self.further_controls()?;
            }
            for finding in open(report) {
                let is_suspected = finding.factors.contains(&suspect);
                let has_others = finding.factors.iter().any(|factor| !tried.contains(factor));
                if is_suspected || !has_others {
                    self.blame(finding, suspect, &pair)?;
                }
            }
            // The pairs go on for those that this factor may still be behind.
            let may_be_behind = |finding: &Finding| {
                finding.factors.contains(&suspect) && self.is_even(finding, &pair)
                    || self.fits(finding.path.as_str(), suspect)
            };
            if !open(report).any(|finding| may_be_behind(finding)) {
                break;
            }
        }
        Ok(())
    }

    /// Notes the guilt of a factor if the runs suffice for that. A finding that has suspects of its own which are
    /// still to be tried is left alone: a longer variable moves a stack as well.
    fn blame(
        &mut self,
        finding: &mut Finding,
        guilty: Factor,
        pair: &[Conditions; 2],
    ) -> Result<(), PipelineError> {
        let path = finding.path.to_string();
        let is_known = is_known(finding) && finding.factors.contains(&guilty);
        let [with, without] = self.runs.evidence(&path, guilty);
        if self.fits(&path, guilty) {
            let is_enough = is_enough(guilty, with, without) && self.fitting(&path).len() == 1;
            if is_known || is_enough {
                let (factor, varied) = named(finding, guilty);
                let how = format!(
                    "differs in {} of {} runs in which {varied}, and in none of {} others",
                    with.differing, with.runs, without.runs
                );
                finding.confirm(&[factor], &how);
            }
            return Ok(());
        }
        // Another factor makes a difference in the same file, or only both together do.
        let [only, all_but] = pair
            .each_ref()
            .map(|conditions| self.runs.count(conditions, &path));
        let is_enough = is_known || only.runs >= PAIRS;
        if !is_enough || !self.is_even(finding, pair) {
            return Ok(());
        }
        let how = match (only.differing > 0, all_but.differing > 0) {
            (true, true) if self.is_steady(&path, is_known)? => {
                format!(
                    "differs in {} of {} runs in which only {guilty} is varied",
                    only.differing, only.runs
                )
            }
            (false, false) if self.always_differs(&path)? => {
                format!("is the same unless {guilty} is varied, and something else is")
            }
            _ => return Ok(()),
        };
        finding.confirm(&[guilty], &how);
        Ok(())
    }

    /// Whether all runs agree that an output differs where this factor is varied, and only there.
    fn fits(&self, path: &str, factor: Factor) -> bool {
        let [with, without] = self.runs.evidence(path, factor);
        let is_there = with.differing == with.runs || (is_drawn(factor) && with.differing > 0);
        is_there && without.differing == 0
    }

    /// The factors that may be behind an output alone, by all runs that were made.
    fn fitting(&self, path: &str) -> Vec<Factor> {
        let mut factors = counterfactual::testable(&self.runs.lab().twin.variation);
        factors.retain(|factor| self.fits(path, *factor));
        factors
    }

    /// Whether all runs under each of these conditions agree on an output.
    fn is_even(&self, finding: &Finding, pair: &[Conditions; 2]) -> bool {
        let path = finding.path.as_str();
        let mut counts = pair
            .iter()
            .map(|conditions| self.runs.count(conditions, path));
        counts.all(|count| count.differing == 0 || count.differing == count.runs)
    }

    /// Finds the factor behind an output that no suspect explains, by halves of those that fit the runs so far,
    /// and tests it like any suspect.
    pub(super) fn by_halves(
        &mut self,
        report: &mut Explanation,
        path: &str,
        tried: &mut BTreeSet<Factor>,
    ) -> Result<(), PipelineError> {
        let is_it =
            |finding: &Finding| finding.path.as_str() == path && !finding.cause.is_consequence();
        if !open(report).any(|finding| is_it(finding)) {
            return Ok(());
        }
        loop {
            match self.fitting(path)[..] {
                [] => return Ok(()),
                [guilty] => {
                    tried.insert(guilty);
                    return self.suspect(report, guilty, tried);
                }
                ref several => {
                    if !self.tell_apart(path, several)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Has some of these factors fit an output no more, by a run in which half of them is varied. One may come
    /// along with another: then the other half is tried.
    fn tell_apart(&mut self, path: &str, several: &[Factor]) -> Result<bool, PipelineError> {
        let (one, other) = several.split_at(several.len() / 2);
        for half in [one, other] {
            let variation = &self.runs.lab().twin.variation;
            let Some(conditions) = counterfactual::only(variation, half) else {
                continue;
            };
            // Outputs that nothing tells apart ask for the same runs, which are made once.
            if self.runs.differing(&[conditions], 0)?.is_none() {
                return Ok(false);
            }
            if self.fitting(path).len() < several.len() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The suspect that the most open findings name and that was not tried yet.
pub(super) fn next(report: &mut Explanation, tried: &BTreeSet<Factor>) -> Option<Factor> {
    let mut votes: BTreeMap<Factor, usize> = BTreeMap::new();
    for finding in open(report) {
        let mut suspects = finding.factors.iter();
        let untried = suspects.find(|factor| !tried.contains(factor));
        if let Some(untried) = untried {
            *votes.entry(*untried).or_default() += 1;
        }
    }
    let most = votes.into_iter().max_by_key(|(_, votes)| *votes);
    most.map(|(factor, _)| factor)
}

/// What a factor is called in a finding, and how it is varied: what lists a folder meets another file system as
/// another order.
fn named(finding: &Finding, guilty: Factor) -> (Factor, String) {
    let is_order = matches!(
        finding.cause,
        Cause::LineOrder | Cause::WordOrder | Cause::MemberOrder | Cause::SymbolOrder
    );
    if is_order && guilty == Factor::Inode {
        let varied = "the files lie on another file system".to_owned();
        return (Factor::ReaddirOrder, varied);
    }
    (guilty, format!("{guilty} is varied"))
}

/// Whether it is drawn in each run in which it is varied, so that two of them may be alike.
fn is_drawn(factor: Factor) -> bool {
    factor == Factor::Aslr
}

/// Whether so many runs suffice. What is drawn makes a difference in most of them, and so the others must be more.
fn is_enough(guilty: Factor, with: Count, without: Count) -> bool {
    if is_drawn(guilty) {
        with.differing > PAIRS / 2 && without.runs > 2 * PAIRS
    } else {
        with.runs.min(without.runs) > PAIRS
    }
}
