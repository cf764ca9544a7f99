//! Chapter: runs in which one suspect differs and nothing else does, so that a cause is known, not guessed.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_explain::cause::Cause;
use zwieback_explain::finding::{Explanation, Finding, Unexamined};
use zwieback_model::event::Event;
use zwieback_model::sandbox_spec::identity::Entropy;
use zwieback_model::variation::conditions::Conditions;
use zwieback_model::variation::counterfactual;
use zwieback_model::variation::factor::Factor;

use super::further_runs::{FurtherRuns, MOST};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::runs::run::{Bake, Ran};
use crate::pipeline::runs::trial_runs::{ALIKE, Lab, Paths};
use crate::pipeline::runs::twice::Twin;

/// What differs in every run, whatever the conditions.
const EVER: [Factor; 5] = [
    Factor::CreatedMtime,
    Factor::Clock,
    Factor::Entropy,
    Factor::HashSeed,
    Factor::Scheduling,
];

/// Chance, in its two forms. What is left when it is frozen is a race, or time.
const CHANCE: [Factor; 3] = [Factor::HashSeed, Factor::Entropy, Factor::Scheduling];

/// What makes hash tables of Python and Perl the same in every run (perlrun(1)).
const SEEDS: [(&str, &str); 3] = [
    ("PYTHONHASHSEED", "0"),
    ("PERL_HASH_SEED", "0"),
    ("PERL_PERTURB_KEYS", "0"),
];

/// Tests what a report suspects: first whether equal conditions give equal bytes, then each
/// suspect by a pair of runs, and what nobody suspected by halves. For one cause it takes at most
/// 2 + 2·log2(factors) runs, and for all together [`MOST`]; what is open then is told.
pub fn confirm(
    report: &mut Explanation,
    a: &Ran,
    bake: &Bake<'_>,
    twin: &Twin,
) -> Result<(), PipelineError> {
    let mut trial = Trial {
        runs: FurtherRuns::new(Lab { a, bake, twin }),
        spent: BTreeMap::new(),
    };
    bake.ctx.tell(&Event::Confirming { runs: MOST });
    trial.under_equal_conditions(report)?;
    let mut tried = BTreeSet::new();
    while let Some(suspect) = trial.next(report, &tried) {
        tried.insert(suspect);
        trial.suspect(report, suspect, &tried)?;
    }
    let paths: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.path.to_string())
        .collect();
    for path in paths {
        trial.by_halves(report, &path, &mut tried)?;
    }
    let left = open(report).filter(|finding| !finding.cause.is_consequence());
    let left = left.count();
    if trial.runs.has_ended() && left > 0 {
        let reason =
            format!("{left} findings are not confirmed, as {MOST} runs are the most for one build");
        let place = "further runs".to_owned();
        // Before what a limit cut off: that is told one by one.
        report.unexamined.insert(0, Unexamined { place, reason });
    }
    Ok(())
}

/// The runs that are made for each cause, and how many that were.
struct Trial<'a> {
    runs: FurtherRuns<'a>,
    spent: BTreeMap<Account, u32>,
}

/// What runs are counted for: a cause; or one output, where no cause has a name yet.
type Account = (Cause, Option<String>);

impl Trial<'_> {
    /// At most so many runs for one cause.
    const BUDGET: u32 = 2 + 2 * Factor::ALL.len().ilog2();

    /// A third run like run A: what differs from it owes nothing to the machine.
    fn under_equal_conditions(&mut self, report: &mut Explanation) -> Result<(), PipelineError> {
        let plain = self.runs.lab().twin.variation.a.clone();
        self.charge(report, 1, |_| true);
        let Some([control]) = self.differing(&[plain])? else {
            return Ok(());
        };
        let is_unsteady = |it: &Finding| control.contains(it.path.as_str());
        if open(report).any(|it| is_unsteady(it) && may_be_chance(it)) {
            self.freeze_chance(report, &control)?;
        }
        for finding in open(report).filter(|it| is_unsteady(it)) {
            let ever = finding.factors.iter().copied();
            let ever: Vec<_> = ever.filter(|factor| EVER.contains(factor)).collect();
            finding.confirm(&ever, "differs between two runs under equal conditions");
        }
        Ok(())
    }

    /// Runs in which hash seeds, and then all random bytes, are the same: what is then equal in all of them was
    /// theirs.
    fn freeze_chance(
        &mut self,
        report: &mut Explanation,
        control: &Paths,
    ) -> Result<(), PipelineError> {
        let plain = &self.runs.lab().twin.variation.a;
        let mut seeded = plain.clone();
        let seeds = SEEDS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        seeded.env.extend(seeds);
        let frozen = Conditions {
            entropy: Entropy::Frozen,
            ..plain.clone()
        };
        for (factor, conditions, how) in [
            (Factor::HashSeed, seeded, "hash seeds are fixed"),
            (Factor::Entropy, frozen, "random bytes are frozen"),
        ] {
            let is_meant = |it: &Finding| control.contains(it.path.as_str()) && may_be_chance(it);
            if !open(report).any(|it| is_meant(it)) {
                return Ok(());
            }
            self.charge(report, ALIKE, is_meant);
            let Some(unsteady) = self.runs.unsteady(&conditions)? else {
                continue;
            };
            let steadied = open(report).filter(|it| is_meant(it));
            for finding in steadied.filter(|finding| !unsteady.contains(finding.path.as_str())) {
                let how = format!("differs under equal conditions, and is the same when {how}");
                finding.confirm(&[factor], &how);
            }
        }
        Ok(())
    }

    /// A pair for one suspect: a run in which it alone is varied, and one in which all else is.
    fn suspect(
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
        self.charge(report, 2, |it| it.factors.contains(&suspect));
        if let Some([only, all_but]) = self.differing(&[only, all_but])? {
            blame(report, suspect, tried, (&only, Some(&all_but)));
        }
        Ok(())
    }

    /// The suspect that the most findings without a confirmed cause name, that was not tried yet,
    /// and for which one of their causes has runs left.
    fn next(&self, report: &Explanation, tried: &BTreeSet<Factor>) -> Option<Factor> {
        let mut votes: BTreeMap<Factor, usize> = BTreeMap::new();
        let unconfirmed = report
            .findings
            .iter()
            .filter(|finding| finding.confirmed.is_none());
        for finding in unconfirmed.filter(|finding| self.left(&account(finding)) >= 2) {
            let untried = finding
                .factors
                .iter()
                .find(|factor| !tried.contains(factor));
            if let Some(untried) = untried {
                *votes.entry(*untried).or_default() += 1;
            }
        }
        let most = votes.into_iter().max_by_key(|(_, votes)| *votes);
        most.map(|(factor, _)| factor)
    }

    /// Finds the factor behind an output that no suspect explains, by halves, and names it in
    /// every finding that it is behind.
    fn by_halves(
        &mut self,
        report: &mut Explanation,
        path: &str,
        tried: &mut BTreeSet<Factor>,
    ) -> Result<(), PipelineError> {
        let is_it = |it: &&Finding| {
            it.path.as_str() == path && it.confirmed.is_none() && !it.cause.is_consequence()
        };
        let Some(account) = report.findings.iter().find(is_it).map(account) else {
            return Ok(());
        };
        let variation = &self.runs.lab().twin.variation;
        let mut suspects = counterfactual::testable(variation);
        suspects.retain(|suspect| !tried.contains(suspect));
        while self.left(&account) > 0 && !suspects.is_empty() {
            let half = suspects.split_off(suspects.len() / 2);
            let Some(conditions) = counterfactual::only(variation, &half) else {
                return Ok(());
            };
            *self.spent.entry(account.clone()).or_default() += 1;
            // Outputs that nothing tells apart ask for the same runs, which are made once.
            let Some([differing]) = self.differing(&[conditions])? else {
                return Ok(());
            };
            if !differing.contains(path) {
                continue;
            }
            if let [guilty] = half[..] {
                tried.insert(guilty);
                blame(report, guilty, tried, (&differing, None));
                return Ok(());
            }
            suspects = half;
        }
        Ok(())
    }

    fn differing<const N: usize>(
        &mut self,
        all: &[Conditions; N],
    ) -> Result<Option<[Paths; N]>, PipelineError> {
        let differing = self.runs.differing(all)?;
        Ok(differing.and_then(|paths| paths.try_into().ok()))
    }

    fn left(&self, account: &Account) -> u32 {
        let spent = self.spent.get(account).copied().unwrap_or_default();
        Self::BUDGET.saturating_sub(spent)
    }

    /// Counts runs for every cause that they are made for.
    fn charge(&mut self, report: &mut Explanation, runs: u32, is_meant: impl Fn(&Finding) -> bool) {
        let accounts = open(report).filter(|it| is_meant(it)).map(|it| account(it));
        for account in accounts.collect::<BTreeSet<_>>() {
            *self.spent.entry(account).or_default() += runs;
        }
    }
}

fn account(finding: &Finding) -> Account {
    let output = finding
        .cause
        .is_nameless()
        .then(|| finding.path.to_string());
    (finding.cause, output)
}

/// Whether freezing chance could tell something. A time that is known to be one is no chance.
fn may_be_chance(finding: &Finding) -> bool {
    let is_time = matches!(
        finding.factors.first(),
        Some(Factor::Clock | Factor::CreatedMtime)
    );
    !is_time
        && (finding.factors.is_empty()
            || finding.factors.iter().any(|factor| CHANCE.contains(factor)))
}

/// Notes the guilt of a factor wherever it alone makes the difference, unless a finding has
/// suspects of its own that are still to be tried: a longer variable moves a stack as well.
fn blame(
    report: &mut Explanation,
    guilty: Factor,
    tried: &BTreeSet<Factor>,
    (only, all_but): (&Paths, Option<&Paths>),
) {
    for finding in open(report) {
        let path = finding.path.as_str();
        let is_suspected = finding.factors.contains(&guilty);
        if !is_suspected && finding.factors.iter().any(|factor| !tried.contains(factor)) {
            continue;
        }
        let how = match (
            only.contains(path),
            all_but.map(|all_but| all_but.contains(path)),
        ) {
            (true, Some(false)) => {
                format!("differs when only {guilty} is varied, and not when all else is")
            }
            (true, _) => format!("differs when only {guilty} is varied"),
            (false, Some(false)) if is_suspected => {
                format!("is the same unless {guilty} is varied")
            }
            _ => continue,
        };
        finding.confirm(&[guilty], &how);
    }
}

fn open(report: &mut Explanation) -> impl Iterator<Item = &mut Finding> {
    report
        .findings
        .iter_mut()
        .filter(|finding| finding.confirmed.is_none())
}
