//! One walk through all differing outputs: what it may still read and hold, and what it found.

use std::io;

use crate::archive::budget::ListBudget;
use crate::certainty::Certainty;
use crate::content::View;
use crate::differ::bytes;
use crate::evidence::classifier::Classifier;
use crate::finding::{Finding, Unexamined, place};
use crate::hint;
use crate::knowledge::Knowledge;
use crate::language::Languages;
use crate::limits::ExplainLimits;
use crate::location::{FindingDraft, Location};

/// Bytes that are held of an output whatever was held before.
const LEAST: u64 = 4 << 10;

/// Explains two contents that differ, first at the offset.
pub type Enter = fn(&mut Walk<'_>, &Location, &View<'_>, &View<'_>, u64) -> io::Result<()>;

/// The state of the walk.
pub struct Walk<'k> {
    enter: Enter,
    /// Attributes differences to causes.
    pub classifier: Classifier<'k>,
    /// What it may cost.
    pub limits: &'k ExplainLimits,
    /// Decompressed bytes that may still be held.
    pub inflatable: u64,
    /// Bytes that may still be decompressed at all.
    pub decompressible: u64,
    /// What may still be listed of archives.
    pub lists: ListBudget,
    comparable: u64,
    holdable: u64,
    findings: Vec<Finding>,
    unexamined: Vec<Unexamined>,
    first_of_output: usize,
    dropped: u64,
}

impl<'k> Walk<'k> {
    /// A walk that has not begun. A container's members may be containers again, so `enter`, the dispatch
    /// by format, is called back for each of them.
    pub fn new(knowledge: &'k Knowledge, limits: &'k ExplainLimits, enter: Enter) -> Self {
        Self {
            enter,
            classifier: Classifier::new(knowledge, limits.judged),
            limits,
            inflatable: limits.inflated,
            decompressible: limits.decompressed,
            lists: ListBudget::default(),
            comparable: limits.compared,
            holdable: limits.held,
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

    /// Ends an output: causes come before consequences, and what was dropped is counted.
    pub fn end_output(&mut self, location: &Location) {
        let first = self.first_of_output.min(self.findings.len());
        self.findings[first..].sort_by_key(|finding| {
            (
                finding.cause.is_consequence(),
                finding.certainty == Certainty::Unknown,
            )
        });
        if self.dropped > 0 {
            let reason = format!("{} more differences are not listed", self.dropped);
            self.skip(location, reason);
        }
        for reason in self.classifier.judging().left_out() {
            self.skip(location, reason);
        }
    }

    /// How many bytes of each side may be held for a closer look: what all outputs hold together has a limit.
    pub fn hold(&mut self, most: usize, a: &View<'_>, b: &View<'_>) -> usize {
        let wanted = a.size().max(b.size()).min(most as u64);
        let held = wanted.min(self.holdable.max(LEAST));
        self.holdable = self.holdable.saturating_sub(held);
        if held == wanted {
            most
        } else {
            usize::try_from(held).unwrap_or(most)
        }
    }

    /// Explains two contents that may differ, going into them where their format is known.
    pub fn contents(&mut self, location: &Location, a: &View<'_>, b: &View<'_>) {
        match self.try_contents(location, a, b) {
            Ok(()) => {}
            Err(error) => self.skip(location, format!("could not be read: {error}")),
        }
    }

    /// How many findings there are so far.
    pub fn count(&self) -> usize {
        self.findings.len() + usize::try_from(self.dropped).unwrap_or(usize::MAX)
    }

    /// Adds a finding, or counts it into one of the same cause at the same location.
    pub fn add(&mut self, location: &Location, draft: FindingDraft<'_>) {
        let first = self.first_of_output.min(self.findings.len());
        let same = self.findings[first..].iter_mut().find(|finding| {
            finding.cause == draft.attribution.cause
                && finding.certainty == draft.attribution.certainty
                && finding.members == location.members
        });
        if let Some(finding) = same {
            finding.occurrences += 1;
            for factor in draft.attribution.factors {
                if !finding.factors.contains(&factor) {
                    finding.factors.push(factor);
                }
            }
        } else if self.findings.len() - first >= self.limits.findings_of_one
            || self.findings.len() >= self.limits.findings
        {
            self.dropped += 1;
        } else {
            let languages = Languages::of(&self.classifier.knowledge().programs);
            self.findings.push(finding(location, draft, languages));
        }
    }

    /// Whether a cause, not only a consequence, was found at this location.
    pub fn has_cause_here(&self, location: &Location) -> bool {
        let first = self.first_of_output.min(self.findings.len());
        let here = self.findings[first..]
            .iter()
            .filter(|finding| finding.members == location.members);
        here.into_iter()
            .any(|finding| !finding.cause.is_consequence() && !finding.cause.is_nameless())
    }

    /// Notes that something was not looked at.
    pub fn skip(&mut self, location: &Location, reason: String) {
        if self.unexamined.len() < self.limits.findings {
            let place = place(&location.path, &location.members);
            self.unexamined.push(Unexamined { place, reason });
        }
    }

    /// What was found and what was not looked at.
    pub fn finish(self) -> (Vec<Finding>, Vec<Unexamined>) {
        (self.findings, self.unexamined)
    }

    fn try_contents(&mut self, location: &Location, a: &View<'_>, b: &View<'_>) -> io::Result<()> {
        let cost = a.size().min(b.size());
        let Some(left) = self.comparable.checked_sub(cost) else {
            self.skip(
                location,
                "the limit of compared bytes is used up".to_owned(),
            );
            return Ok(());
        };
        self.comparable = left;
        let Some(offset) = bytes::first(a, b)? else {
            return Ok(());
        };
        if location.members.len() >= self.limits.depth {
            self.skip(
                location,
                format!("containers nest deeper than {}", self.limits.depth),
            );
            return Ok(());
        }
        (self.enter)(self, location, a, b, offset)
    }
}

fn finding(location: &Location, draft: FindingDraft<'_>, languages: Languages) -> Finding {
    let fix = hint::fix(location, &draft, &languages);
    Finding {
        path: location.path.clone(),
        members: location.members.clone(),
        detail: draft.detail,
        offset: draft.offset,
        left: draft.left,
        right: draft.right,
        cause: draft.attribution.cause,
        certainty: draft.attribution.certainty,
        factors: draft.attribution.factors,
        fix,
        occurrences: 1,
        step: None,
        confirmed: None,
        unsteady: None,
        languages,
    }
}
