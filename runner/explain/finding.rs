//! What an explanation says: findings, grouped by cause, and what was not looked at.

use std::fmt;

use serde::{Deserialize, Serialize};
use zwieback_model::rel_path::RelPath;

use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::evidence::context::TextContext;
use crate::evidence::naming::cause_of;
use crate::hint;
use crate::language::Languages;
use zwieback_model::variation::factor::Factor;

/// The version of the JSON form of a [`Report`].
pub const SCHEMA: &str = "zwieback-explain/v1";

/// All that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// How many outputs differ.
    pub differing: usize,
    /// The findings in the order of the outputs; of one output causes come before consequences.
    pub findings: Vec<Finding>,
    /// What a limit or an unreadable byte kept from being looked at.
    pub unexamined: Vec<Unexamined>,
}

/// What may differ between two runs whatever the conditions.
const CHANCE: [Factor; 3] = [Factor::HashSeed, Factor::Entropy, Factor::Scheduling];

/// One difference, or several of one cause in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The output it is in.
    pub path: RelPath,
    /// The way through nested containers below the output.
    pub members: Vec<String>,
    /// The field, section, symbol or line.
    pub detail: String,
    /// The first difference, counted from the start of the innermost uncompressed container.
    pub offset: Option<u64>,
    /// What run A has there, printable and short.
    pub left: String,
    /// What run B has there.
    pub right: String,
    /// Why.
    pub cause: Cause,
    /// How sure that is.
    pub certainty: Certainty,
    /// The factors it points to, the likeliest first.
    pub factors: Vec<Factor>,
    /// What to change, for the tool at hand.
    pub fix: Option<String>,
    /// How many differences of this kind are in this place.
    pub occurrences: u64,
    /// The step in which the runs first parted here; filled in by who executed them.
    pub step: Option<String>,
    /// What counterfactual runs showed; filled in by who executed them.
    pub confirmed: Option<String>,
    /// How it differs between runs under equal conditions, where no factor explains that: a race, or elapsed time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsteady: Option<String>,
    /// The languages of what the steps ran, for the words of a fix.
    #[serde(skip)]
    pub languages: Languages,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexamined {
    /// Where, as [`Finding::place`] writes it.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// All findings of one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'r> {
    /// The cause.
    pub cause: Cause,
    /// Its findings, the surest first.
    pub findings: Vec<&'r Finding>,
}

impl Explanation {
    /// The findings by cause: causes before consequences, the surest and most frequent first.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for finding in &self.findings {
            match groups.iter_mut().find(|group| group.cause == finding.cause) {
                Some(group) => group.findings.push(finding),
                None => groups.push(Group {
                    cause: finding.cause,
                    findings: vec![finding],
                }),
            }
        }
        for group in &mut groups {
            group.findings.sort_by_key(|finding| &finding.certainty);
        }
        groups.sort_by_key(Group::rank);
        groups
    }
}

impl Group<'_> {
    /// How many outputs the group touches.
    pub fn outputs(&self) -> usize {
        let mut paths: Vec<_> = self.findings.iter().map(|finding| &finding.path).collect();
        paths.sort();
        paths.dedup();
        paths.len()
    }

    fn rank(&self) -> (bool, Option<Certainty>, std::cmp::Reverse<usize>) {
        let surest = self
            .findings
            .first()
            .map(|finding| finding.certainty.clone());
        let count = std::cmp::Reverse(self.findings.len());
        (self.cause.is_consequence(), surest, count)
    }
}

impl Finding {
    /// The output and the way into it: `a.tgz!data.tar!usr/bin/x`.
    pub fn place(&self) -> String {
        place(&self.path, &self.members)
    }
}

impl Finding {
    /// Notes what counterfactual runs showed: the confirmed factors are the only ones left, an order
    /// now has one cause, and a nameless cause is named by its factor.
    pub fn confirm(&mut self, factors: &[Factor], how: &str) {
        // Each variable of a dump has a factor of its own; one that is confirmed excludes no other.
        if self.cause != Cause::Environment && !factors.is_empty() {
            self.factors = factors.to_vec();
        }
        self.confirmed = Some(how.to_owned());
        if let ([confirmed], true) = (factors, self.cause.is_nameless()) {
            self.cause = cause_of(*confirmed, TextContext::Text);
            self.fix = hint::plain(self.cause, &self.languages).or(self.fix.take());
        }
        if matches!(self.cause, Cause::LineOrder | Cause::WordOrder) {
            self.fix = Some(hint::order(factors, &self.languages));
        }
    }
}

impl Finding {
    /// Notes that it differs without any change of the conditions. A guess at something else was wrong then.
    pub fn call_unsteady(&mut self, how: String) {
        self.factors.retain(|factor| CHANCE.contains(factor));
        let is_guess = matches!(self.certainty, Certainty::Guess | Certainty::Unknown);
        if is_guess && self.factors.is_empty() {
            self.cause = Cause::Content;
            self.fix = Some(hint::UNSTEADY.to_owned());
        }
        self.unsteady = Some(how);
    }
}

impl Certainty {
    /// How sure it is, in one or two words.
    pub fn title(&self) -> String {
        match self {
            Self::Known => "matches what is known of both runs".to_owned(),
            Self::OrderOnly => "only the order differs".to_owned(),
            Self::Normaliser(name) => format!("equal after `{name}`"),
            Self::Guess => "a guess".to_owned(),
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

impl fmt::Display for Unexamined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// The output and the way into it.
pub fn place(path: &RelPath, members: &[String]) -> String {
    let mut text = path.to_string();
    for member in members {
        text.push('!');
        text.push_str(member);
    }
    text
}
