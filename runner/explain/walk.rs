//! One walk through all differing outputs: where it stands, what it may still spend, what it found.

use std::io;

use crate::certainty::Certainty;
use crate::clue::judge::Judge;
use crate::content::View;
use crate::differ::bytes;
use crate::finding::{Finding, Unexamined, place};
use crate::hint;
use crate::knowledge::Knowledge;
use crate::limits::Limits;
use crate::spot::{Draft, Spot};

/// Explains two contents that differ, first at the offset.
pub type Enter = fn(&mut Walk<'_>, &Spot, &View<'_>, &View<'_>, u64) -> io::Result<()>;

/// The state of the walk.
pub struct Walk<'k> {
    enter: Enter,
    /// Who judges.
    pub judge: Judge<'k>,
    /// What it may cost.
    pub limits: &'k Limits,
    /// Decompressed bytes that may still be held.
    pub inflatable: u64,
    /// Bytes that may still be decompressed at all.
    pub decompressible: u64,
    comparable: u64,
    findings: Vec<Finding>,
    unexamined: Vec<Unexamined>,
    first_of_output: usize,
    dropped: u64,
}

impl<'k> Walk<'k> {
    /// A walk that has not begun. Containers hold what may be a container again, so `enter`, the door to all
    /// formats, is handed the walk each time.
    pub fn new(knowledge: &'k Knowledge, limits: &'k Limits, enter: Enter) -> Self {
        Self {
            enter,
            judge: Judge::new(knowledge),
            limits,
            inflatable: limits.inflated,
            decompressible: limits.decompressed,
            comparable: limits.compared,
            findings: Vec::new(),
            unexamined: Vec::new(),
            first_of_output: 0,
            dropped: 0,
        }
    }

    /// Starts with the next output.
    pub fn begin_output(&mut self) {
        self.first_of_output = self.findings.len();
        self.dropped = 0;
    }

    /// Ends an output: causes come before consequences, and what was dropped is told.
    pub fn end_output(&mut self, spot: &Spot) {
        let first = self.first_of_output.min(self.findings.len());
        self.findings[first..].sort_by_key(|finding| {
            (
                finding.cause.is_consequence(),
                finding.certainty == Certainty::Unknown,
            )
        });
        if self.dropped > 0 {
            let reason = format!("{} more differences are not listed", self.dropped);
            self.skip(spot, reason);
        }
    }

    /// Explains two contents that may differ, going into them where their format is known.
    pub fn contents(&mut self, spot: &Spot, a: &View<'_>, b: &View<'_>) {
        match self.try_contents(spot, a, b) {
            Ok(()) => {}
            Err(error) => self.skip(spot, format!("could not be read: {error}")),
        }
    }

    /// How many findings there are so far.
    pub fn count(&self) -> usize {
        self.findings.len() + usize::try_from(self.dropped).unwrap_or(usize::MAX)
    }

    /// Adds a finding, or counts it into one of the same cause at the same spot.
    pub fn add(&mut self, spot: &Spot, draft: Draft<'_>) {
        let first = self.first_of_output.min(self.findings.len());
        let same = self.findings[first..].iter_mut().find(|finding| {
            finding.cause == draft.verdict.cause
                && finding.certainty == draft.verdict.certainty
                && finding.members == spot.members
        });
        if let Some(finding) = same {
            finding.occurrences += 1;
            for factor in draft.verdict.factors {
                if !finding.factors.contains(&factor) {
                    finding.factors.push(factor);
                }
            }
        } else if self.findings.len() - first >= self.limits.findings_of_one
            || self.findings.len() >= self.limits.findings
        {
            self.dropped += 1;
        } else {
            self.findings.push(finding(spot, draft));
        }
    }

    /// Whether a cause, not only a consequence, was found at this very spot.
    pub fn has_cause_here(&self, spot: &Spot) -> bool {
        let first = self.first_of_output.min(self.findings.len());
        let here = self.findings[first..]
            .iter()
            .filter(|finding| finding.members == spot.members);
        here.into_iter()
            .any(|finding| !finding.cause.is_consequence() && !finding.cause.is_nameless())
    }

    /// Notes that something was not looked at.
    pub fn skip(&mut self, spot: &Spot, reason: String) {
        if self.unexamined.len() < self.limits.findings {
            let place = place(&spot.path, &spot.members);
            self.unexamined.push(Unexamined { place, reason });
        }
    }

    /// What was found and what was not looked at.
    pub fn finish(self) -> (Vec<Finding>, Vec<Unexamined>) {
        (self.findings, self.unexamined)
    }

    fn try_contents(&mut self, spot: &Spot, a: &View<'_>, b: &View<'_>) -> io::Result<()> {
        let cost = a.size().min(b.size());
        let Some(left) = self.comparable.checked_sub(cost) else {
            self.skip(spot, "the limit of compared bytes is used up".to_owned());
            return Ok(());
        };
        self.comparable = left;
        let Some(offset) = bytes::first(a, b)? else {
            return Ok(());
        };
        if spot.members.len() >= self.limits.depth {
            self.skip(
                spot,
                format!("containers nest deeper than {}", self.limits.depth),
            );
            return Ok(());
        }
        (self.enter)(self, spot, a, b, offset)
    }
}

fn finding(spot: &Spot, draft: Draft<'_>) -> Finding {
    let fix = hint::fix(spot, &draft);
    Finding {
        path: spot.path.clone(),
        members: spot.members.clone(),
        detail: draft.detail,
        offset: draft.offset,
        left: draft.left,
        right: draft.right,
        cause: draft.verdict.cause,
        certainty: draft.verdict.certainty,
        factors: draft.verdict.factors,
        fix,
        occurrences: 1,
        step: None,
        confirmed: None,
    }
}
