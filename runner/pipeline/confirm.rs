//! Chapter: runs in which one suspect differs and nothing else does, so that a cause is known, not guessed.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_core::bake::comparison::differences;
use zwieback_core::event::Event;
use zwieback_core::twin::conditions::{Conditions, RunName};
use zwieback_core::twin::counterfactual;
use zwieback_core::twin::factor::Factor;
use zwieback_explain::finding::{Finding, Report};
use zwieback_host::run_folder::RunFolder;

use super::error::PipelineError;
use super::pace::Pace;
use super::run::{Bake, Part, Ran, run};
use super::slots::Rank;
use super::twin::Twin;

/// What differs in every run, whatever the conditions.
const EVER: [Factor; 5] = [
    Factor::CreatedMtime,
    Factor::Clock,
    Factor::Entropy,
    Factor::HashSeed,
    Factor::Scheduling,
];

/// Tests every suspect of a report, and then, by halves, what nobody suspected: in at most
/// 2 + 2·log2(factors) runs.
pub fn confirm(
    report: &mut Report,
    a: &Ran,
    bake: &Bake<'_>,
    twin: &Twin,
) -> Result<(), PipelineError> {
    let mut lab = Lab {
        a,
        bake,
        twin,
        left: 2 + 2 * Factor::ALL.len().ilog2(),
    };
    bake.ctx.tell(&Event::Confirming { runs: lab.left });
    let control = lab.differing(&twin.variation.a)?;
    for finding in open(report).filter(|it| control.contains(it.path.as_str())) {
        let ever = finding
            .factors
            .iter()
            .copied()
            .filter(|it| EVER.contains(it));
        finding.confirm(
            &ever.collect::<Vec<_>>(),
            "differs between two runs under equal conditions",
        );
    }
    let mut tried = BTreeSet::new();
    while let Some(suspect) = next(report, &tried).filter(|_| lab.left > 0) {
        tried.insert(suspect);
        if let Some(conditions) = counterfactual::only(&twin.variation, &[suspect]) {
            let differing = lab.differing(&conditions)?;
            blame(report, suspect, &differing);
        }
    }
    while let Some(suspect) = halve(report, &tried, &mut lab)? {
        tried.insert(suspect);
    }
    Ok(())
}

/// Finds the factor behind one output by halves; names it in every finding it is behind.
fn halve(
    report: &mut Report,
    tried: &BTreeSet<Factor>,
    lab: &mut Lab<'_>,
) -> Result<Option<Factor>, PipelineError> {
    let unexplained = open(report)
        .find(|it| !it.cause.is_consequence())
        .map(|it| it.path.to_string());
    let Some(path) = unexplained else {
        return Ok(None);
    };
    let mut suspects = counterfactual::testable(&lab.twin.variation);
    suspects.retain(|it| !tried.contains(it));
    while lab.left > 0 && !suspects.is_empty() {
        let half = suspects.split_off(suspects.len() / 2);
        let Some(conditions) = counterfactual::only(&lab.twin.variation, &half) else {
            return Ok(None);
        };
        let differing = lab.differing(&conditions)?;
        if !differing.contains(&path) {
            continue;
        }
        if let [guilty] = half[..] {
            blame(report, guilty, &differing);
            return Ok(Some(guilty));
        }
        suspects = half;
    }
    Ok(None)
}

/// Where further runs are made, and how many more.
struct Lab<'a> {
    a: &'a Ran,
    bake: &'a Bake<'a>,
    twin: &'a Twin,
    left: u32,
}

impl Lab<'_> {
    /// The outputs that differ from run A's in another run under these conditions.
    fn differing(&mut self, conditions: &Conditions) -> Result<BTreeSet<String>, PipelineError> {
        self.left -= 1;
        let folder = RunFolder::create(&self.bake.ctx.dirs.runs())?;
        let (pace, ctx) = (Pace::default(), self.bake.ctx.unobserved());
        let spec = self.twin.respec(conditions);
        // Named A: it waits for nobody.
        let conditions = Conditions {
            run: RunName::A,
            ..conditions.clone()
        };
        let part = Part {
            conditions: &conditions,
            spec: &spec,
            varied: Vec::new(),
            rank: Rank::Follows,
        };
        let again = run(
            &Bake {
                folder: &folder,
                pace: &pace,
                ctx: &ctx,
                ..*self.bake
            },
            &part,
        );
        folder.discard();
        let differing = differences(self.a.completed.outputs(), again?.completed.outputs());
        Ok(differing
            .into_iter()
            .map(|it| it.path.to_string())
            .collect())
    }
}

fn blame(report: &mut Report, guilty: Factor, differing: &BTreeSet<String>) {
    for finding in open(report).filter(|it| differing.contains(it.path.as_str())) {
        finding.confirm(&[guilty], &format!("differs when only {guilty} is varied"));
    }
}

/// The suspect that the most findings without a confirmed cause name, and that was not tried yet.
fn next(report: &Report, tried: &BTreeSet<Factor>) -> Option<Factor> {
    let mut votes: BTreeMap<Factor, usize> = BTreeMap::new();
    for finding in report.findings.iter().filter(|it| it.confirmed.is_none()) {
        let untried = finding.factors.iter().find(|it| !tried.contains(it));
        if let Some(untried) = untried {
            *votes.entry(*untried).or_default() += 1;
        }
    }
    votes
        .into_iter()
        .max_by_key(|(_, votes)| *votes)
        .map(|(factor, _)| factor)
}

fn open(report: &mut Report) -> impl Iterator<Item = &mut Finding> {
    report
        .findings
        .iter_mut()
        .filter(|it| it.confirmed.is_none())
}
