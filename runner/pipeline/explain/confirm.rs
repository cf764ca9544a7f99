//! Chapter: runs in which one suspect differs and nothing else does, so that a cause is known, not guessed.
//!
//! A coin must not come out as a cause. A factor counts as one only if the difference appears in each run in which
//! it is varied, and in none of the others, and no other factor fits all runs as well; and there must be [`super::suspects::PAIRS`] of
//! either kind besides run A and run B: a fair coin falls so in one of 16,384 cases, and one that is not fair more
//! rarely still, as it has to fall both ways equally often. Where the bytes themselves are those that each run was
//! shown, one pair is enough. What differs in some runs and not in others under the same conditions is unsteady.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use zwieback_explain::finding::{Explanation, Finding, Unexamined};
use zwieback_host::clock;
use zwieback_model::event::Event;
use zwieback_model::sandbox_spec::identity::Entropy;
use zwieback_model::variation::conditions::Conditions;
use zwieback_model::variation::factor::Factor;

use super::further_runs::{FurtherRuns, MOST};
use super::suspects::next;
use super::trial::{ALIKE, Trial, is_known, open, open_paths};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::runs::run::{Bake, Ran};
use crate::pipeline::runs::trial_runs::Lab;
use crate::pipeline::runs::twice::Twin;

/// Seconds of the coarsest time that a format keeps, and one more.
const COARSEST: u64 = 3;

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

/// Tests what a report suspects: first whether equal conditions give equal bytes, then each suspect by pairs of
/// runs, and what nobody suspected by halves; for all together in at most [`MOST`] runs. What is open then is told.
pub fn confirm(
    report: &mut Explanation,
    a: &Ran,
    bake: &Bake<'_>,
    twin: &Twin,
) -> Result<(), PipelineError> {
    let mut trial = Trial {
        runs: FurtherRuns::new(Lab { a, bake, twin }),
    };
    bake.ctx.tell(&Event::Confirming { runs: MOST });
    trial.under_equal_conditions(report)?;
    let mut tried = BTreeSet::new();
    while let Some(suspect) = next(report, &tried) {
        tried.insert(suspect);
        trial.suspect(report, suspect, &tried)?;
        trial.note_unsteady(report);
    }
    for path in open_paths(report) {
        trial.by_halves(report, &path, &mut tried)?;
        trial.note_unsteady(report);
    }
    trial.without_a_cause(report)?;
    if trial.runs.has_ended() {
        tell_open(report);
    }
    Ok(())
}

/// Tells how many findings are open because no run is left.
fn tell_open(report: &mut Explanation) {
    let left = open(report).filter(|finding| !finding.cause.is_consequence());
    let left = left.count();
    if left > 0 {
        let reason =
            format!("{left} findings are not confirmed, as {MOST} runs are the most for one build");
        let place = "further runs".to_owned();
        // Before what a limit cut off: that is told one by one.
        report.unexamined.insert(0, Unexamined { place, reason });
    }
}

impl Trial<'_> {
    /// A third run like run A: what differs from it owes nothing to the machine.
    fn under_equal_conditions(&mut self, report: &mut Explanation) -> Result<(), PipelineError> {
        if open(report).any(|finding| is_time(finding)) {
            self.let_time_pass();
        }
        let Some(control) = self.control(0)? else {
            return Ok(());
        };
        let differs = |finding: &Finding| control.contains(finding.path.as_str());
        for finding in open(report).filter(|finding| differs(finding) && is_known(finding)) {
            self.settle(finding);
        }
        if !open(report).any(|finding| differs(finding)) {
            return Ok(());
        }
        self.further_controls()?;
        if open(report).any(|finding| differs(finding) && may_be_chance(finding)) {
            self.freeze_chance(report)?;
        }
        for finding in open(report).filter(|finding| differs(finding)) {
            self.settle(finding);
        }
        Ok(())
    }

    /// A time that was cut to seconds, or to two of them as zip does, is another one in the next run.
    fn let_time_pass(&self) {
        let passed = clock::now()
            .as_unix()
            .saturating_sub(self.runs.lab().a.record.ended);
        let left = COARSEST.saturating_sub(u64::try_from(passed).unwrap_or_default());
        thread::sleep(Duration::from_secs(left));
    }

    /// Runs in which hash seeds, and then all random bytes, are the same: what is then equal in all of them was
    /// theirs, if it differs in all others.
    fn freeze_chance(&mut self, report: &mut Explanation) -> Result<(), PipelineError> {
        let plain = self.plain();
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
            let always: Vec<_> = open(report)
                .filter(|finding| may_be_chance(finding))
                .filter(|finding| {
                    let count = self.runs.count(&plain, finding.path.as_str());
                    count.differing == count.runs && count.runs >= ALIKE as usize
                })
                .collect();
            if always.is_empty() {
                return Ok(());
            }
            let Some(unsteady) = self.runs.unsteady(&conditions, ALIKE)? else {
                continue;
            };
            let steadied = always.into_iter();
            for finding in steadied.filter(|finding| !unsteady.contains(finding.path.as_str())) {
                let how = format!(
                    "differs in {ALIKE} of {ALIKE} runs under equal conditions, and is the same in {ALIKE} when {how}"
                );
                finding.confirm(&[factor], &how);
            }
        }
        Ok(())
    }

    /// More runs like run A for what no factor explains: it may differ without any.
    fn without_a_cause(&mut self, report: &mut Explanation) -> Result<(), PipelineError> {
        let is_caused = |finding: &Finding| finding.cause.is_consequence();
        if open(report).all(|finding| is_caused(finding)) {
            return Ok(());
        }
        self.further_controls()?;
        self.note_unsteady(report);
        Ok(())
    }

    /// What did not come out the same under the same conditions needs no factor.
    fn note_unsteady(&self, report: &mut Explanation) {
        for finding in open(report) {
            let path = finding.path.as_str();
            if self.runs.is_unsteady(path) || self.runs.count(&self.plain(), path).differing > 0 {
                self.settle(finding);
            }
        }
    }

    /// Notes that a finding needs no change of conditions. What stands in each run is what that run was shown, and
    /// so it is known what it is: a time, or random bytes.
    fn settle(&self, finding: &mut Finding) {
        let how = self.how_unsteady(finding.path.as_str());
        let ever = finding.factors.iter().copied();
        let ever: Vec<_> = ever.filter(|factor| EVER.contains(factor)).collect();
        match (is_known(finding), ever.is_empty()) {
            (true, false) => finding.confirm(&ever, &how),
            // The file has this beside something that is unsteady.
            (true, true) => {}
            (false, _) => finding.call_unsteady(how),
        }
    }

    fn how_unsteady(&self, path: &str) -> String {
        let count = self.runs.count(&self.plain(), path);
        match count.differing {
            0 => "differs in some runs and not in others under equal conditions".to_owned(),
            some => format!(
                "differs in {some} of {} runs under equal conditions",
                count.runs
            ),
        }
    }
}

/// Whether it is a time that each run was shown.
fn is_time(finding: &Finding) -> bool {
    let mut factors = finding.factors.iter();
    is_known(finding)
        && factors.any(|factor| matches!(factor, Factor::Clock | Factor::CreatedMtime))
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

#[cfg(test)]
mod tests {
    use zwieback_explain::finding::SCHEMA;

    use super::*;

    fn finding(cause: &str, confirmed: Option<&str>) -> Finding {
        let finding = serde_json::json!({
            "path": "x", "members": [], "detail": "", "offset": null, "left": "a", "right": "b", "cause": cause,
            "certainty": "unknown", "factors": [], "fix": null, "occurrences": 1, "step": null,
            "confirmed": confirmed,
        });
        serde_json::from_value(finding).unwrap()
    }

    #[test]
    fn what_no_run_is_left_for_is_told_first() {
        let mut report = Explanation {
            schema: SCHEMA.to_owned(),
            differing: 1,
            findings: vec![
                finding("content", None),
                finding("content", Some("differs")),
                finding("length", None),
            ],
            unexamined: vec![Unexamined {
                place: "y".to_owned(),
                reason: "too long".to_owned(),
            }],
        };
        tell_open(&mut report);
        let told = report.unexamined[0].to_string();
        assert_eq!(
            told,
            "further runs: 1 findings are not confirmed, as 96 runs are the most for one build"
        );
        assert_eq!(report.unexamined.len(), 2);
        report.findings.remove(0);
        report.unexamined.clear();
        tell_open(&mut report);
        assert_eq!(report.unexamined, []);
    }
}
