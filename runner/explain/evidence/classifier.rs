//! Two versions of one line or string: every cause of their difference, from knowledge first.

use std::ops::Range;

use super::clock;
use super::context::TextContext;
use super::count::{self, Numbers};
use super::judging::{self, Judging, NEAR, Piece};
use super::naming::{self, cause_of, context_of, mentions};
use super::order;
use super::parts;
use super::reading::{self, TimeReading};
use super::shape::{self, TokenShape};
use super::token::{self, Hunk, LineToken, Run, TokenKey};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::evidence::attribution::{Attribution, Classified, unknown};
use crate::knowledge::{Knowledge, Word};
use zwieback_model::variation::factor::Factor;

/// Differences classified in one piece of a line, and bytes looked at of each.
const HUNKS: usize = 200;
const LONGEST: usize = 256;

/// Attributes differences to causes by what is known of both runs.
pub struct Classifier<'k> {
    knowledge: &'k Knowledge,
    words: Vec<Word<'k>>,
    /// What all of it may cost.
    judging: Judging,
}

/// One hunk with its surroundings.
struct HunkContext<'c> {
    context: TextContext,
    a: &'c [u8],
    b: &'c [u8],
    hunk: &'c Hunk,
}

impl<'k> Classifier<'k> {
    /// A classifier that knows this, and may take so many steps.
    pub fn new(knowledge: &'k Knowledge, steps: u64) -> Self {
        Self {
            knowledge,
            words: knowledge.words(),
            judging: Judging::new(steps),
        }
    }

    /// What may still be judged, and what was left out.
    pub fn judging(&self) -> &Judging {
        &self.judging
    }

    /// What is known of both runs.
    pub fn knowledge(&self) -> &'k Knowledge {
        self.knowledge
    }

    /// Every cause of the difference of two lines; never empty where they differ. What there is no work left for has
    /// no name.
    pub fn lines(&self, context: TextContext, a: &[u8], b: &[u8]) -> Vec<Classified> {
        let mut classified = Vec::new();
        for piece in self.judging.pieces(a, b) {
            if self.judging.may_judge(piece.a.len() + piece.b.len()) {
                let shift =
                    |range: Range<usize>| range.start + piece.start..range.end + piece.start;
                let found = self.piece(context, &piece).into_iter();
                classified.extend(found.map(|one| Classified {
                    a: shift(one.a),
                    b: shift(one.b),
                    ..one
                }));
            }
        }
        if classified.is_empty() {
            classified.extend(unjudged(a, b));
        }
        merge(classified)
    }

    fn piece(&self, context: TextContext, piece: &Piece<'_>) -> Vec<Classified> {
        let (a, b) = (piece.a, piece.b);
        let knowing = tokens(a, b, &self.words);
        let plain = tokens(a, b, &[]);
        // A line may hold a known word on both sides that comes from neither run; then the
        // word explains nothing, and the plain tokens differ less.
        let (row_a, row_b, hunks) = if extent(&knowing.2) <= extent(&plain.2) {
            knowing
        } else {
            plain
        };
        let has_moved = !piece.is_cut && !hunks.is_empty();
        if has_moved && token::are_same_words(&row_a, &row_b) {
            return vec![self.reordered(&row_a, &row_b, &hunks)];
        }
        let mut classified = self.known_words(context, a, &row_a, &row_b);
        for (at_a, at_b) in hunks.into_iter().take(HUNKS) {
            let ((from_a, a), (from_b, b)) = (near(a, &at_a), near(b, &at_b));
            if !self.judging.may_attribute(a.len() + b.len()) {
                break;
            }
            let hunk = &(back(&clip(at_a), from_a), back(&clip(at_b), from_b));
            let found = self.hunk(&HunkContext {
                context,
                a,
                b,
                hunk,
            });
            classified.push(Classified {
                a: found.a.start + from_a..found.a.end + from_a,
                b: found.b.start + from_b..found.b.end + from_b,
                ..found
            });
        }
        classified
    }

    /// The cause of two times, given in seconds since 1970.
    pub fn times(&self, cause: Cause, a: i64, b: i64) -> Attribution {
        let (a, b) = ([TimeReading::Unix(a)], [TimeReading::Unix(b)]);
        let factors = clock::factors(self.knowledge, &a, &b);
        if factors.is_empty() {
            let zoned = clock::is_zoned(self.knowledge, &a, &b);
            let guesses = if zoned {
                vec![Factor::Timezone]
            } else {
                self.any_clock()
            };
            let certainty = if zoned {
                Certainty::Known
            } else {
                Certainty::Guess
            };
            return Attribution::new(cause, certainty, guesses);
        }
        Attribution::new(cause, Certainty::Known, factors)
    }

    /// The factor of two short words that stand alone, such as a user id.
    pub fn word(&self, a: &str, b: &str) -> Option<Factor> {
        let mut words = self.words.iter();
        words
            .find(|word| word.a == a && word.b == b)
            .map(|word| word.factor)
    }

    /// The attribution of a line that only one run has, where it holds a word of that run.
    pub fn alone(&self, line: &[u8], run: Run) -> Option<Attribution> {
        let line = &line[..line.len().min(judging::LONGEST)];
        if !self.judging.may_judge(line.len()) {
            return None;
        }
        if self.is_variable(line, run) {
            let factors = vec![Factor::Env];
            return Some(Attribution::new(
                Cause::Environment,
                Certainty::Known,
                factors,
            ));
        }
        let tokens = token::split(line, &self.words, run);
        let known = tokens.iter().find_map(|token| match token.key {
            TokenKey::Known(index) => self.words.get(index),
            TokenKey::Plain(_) => None,
        })?;
        let cause = cause_of(known.factor, TextContext::Text);
        Some(Attribution::new(
            cause,
            Certainty::Guess,
            vec![known.factor],
        ))
    }

    /// Whether the line gives a variable the value it has in that run.
    fn is_variable(&self, line: &[u8], run: Run) -> bool {
        let facts = match run {
            Run::A => &self.knowledge.a,
            Run::B => &self.knowledge.b,
        };
        let mut variables = facts.words.get(&Factor::Env).into_iter().flatten();
        let assigned = naming::assigned(line);
        variables.any(|(name, value)| {
            assigned == Some(name.as_bytes()) && line.ends_with(value.as_bytes())
        })
    }

    fn any_clock(&self) -> Vec<Factor> {
        self.knowledge
            .suspects(&[Factor::Clock, Factor::CreatedMtime, Factor::SourceMtime])
    }

    fn reordered(&self, a: &[LineToken<'_>], b: &[LineToken<'_>], hunks: &[Hunk]) -> Classified {
        let a: Vec<&[u8]> = a.iter().filter_map(word_of).collect();
        let b: Vec<&[u8]> = b.iter().filter_map(word_of).collect();
        let factors = order::suspects(self.knowledge, &a, &b);
        let (first_a, first_b) = hunks[0].clone();
        Classified {
            attribution: Attribution::new(Cause::WordOrder, Certainty::OrderOnly, factors),
            a: first_a,
            b: first_b,
        }
    }

    /// Words known of the runs that both lines hold: they differ, and that explains itself.
    fn known_words(
        &self,
        context: TextContext,
        line: &[u8],
        a: &[LineToken<'_>],
        b: &[LineToken<'_>],
    ) -> Vec<Classified> {
        let mut classified = Vec::new();
        for (index, word) in self.words.iter().enumerate() {
            let of = |tokens: &[LineToken<'_>]| {
                tokens
                    .iter()
                    .find(|token| token.key == TokenKey::Known(index))
                    .map(|token| token.range.clone())
            };
            if let (Some(a), Some(b)) = (of(a), of(b)) {
                let cause = naming::cause_at(word.factor, context, line);
                let attribution = Attribution::new(cause, Certainty::Known, vec![word.factor]);
                classified.push(Classified { attribution, a, b });
            }
        }
        classified
    }

    fn hunk(&self, at: &HunkContext<'_>) -> Classified {
        let attribution = self
            .time(at)
            .or_else(|| self.short_word(at))
            .or_else(|| self.counted(at))
            .or_else(|| self.shaped(at))
            .unwrap_or_else(|| nameless(at));
        let (a, b) = at.hunk.clone();
        Classified {
            attribution: placed(at, attribution),
            a,
            b,
        }
    }

    fn time(&self, at: &HunkContext<'_>) -> Option<Attribution> {
        let a = reading::readings(at.a, &at.hunk.0);
        let b = reading::readings(at.b, &at.hunk.1);
        if clock::is_zoned(self.knowledge, &a, &b) {
            return Some(Attribution::new(
                Cause::Timezone,
                Certainty::Known,
                vec![Factor::Timezone],
            ));
        }
        let factors = clock::factors(self.knowledge, &a, &b);
        if !factors.is_empty() {
            let cause = naming::time_cause(at.context, at.a, &a, &factors);
            return Some(Attribution::new(cause, Certainty::Known, factors));
        }
        clock::is_plausible(self.knowledge, &a, &b).then(|| {
            let cause = naming::time_cause(at.context, at.a, &a, &[]);
            Attribution::new(cause, Certainty::Guess, self.any_clock())
        })
    }

    fn short_word(&self, at: &HunkContext<'_>) -> Option<Attribution> {
        let is_here =
            |word: &&Word<'_>| covers(at.a, word.a, &at.hunk.0) && covers(at.b, word.b, &at.hunk.1);
        let word = self.words.iter().find(is_here)?;
        // One digit may be anything; with its surroundings or more digits it is no coincidence.
        let short = word.a.len().min(word.b.len()) < 2;
        let cause = naming::cause_at(word.factor, at.context, at.a);
        let spoken = mentions(at.a, context_of(word.factor));
        let sure = !short || spoken || cause == Cause::Environment;
        let certainty = if sure {
            Certainty::Known
        } else {
            Certainty::Guess
        };
        Some(Attribution::new(cause, certainty, vec![word.factor]))
    }

    fn counted(&self, at: &HunkContext<'_>) -> Option<Attribution> {
        let a = parts::number(&at.a[at.hunk.0.clone()])?;
        let b = parts::number(&at.b[at.hunk.1.clone()])?;
        let numbers = Numbers {
            line: at.a,
            context: at.context,
            a,
            b,
        };
        count::of(self.knowledge, &self.words, &numbers)
    }

    fn shaped(&self, at: &HunkContext<'_>) -> Option<Attribution> {
        let (cause, factors) = match shape::of(at.a, &at.hunk.0, at.b, &at.hunk.1)? {
            TokenShape::Address => (Cause::Address, vec![Factor::Aslr]),
            TokenShape::TemporaryName => {
                (Cause::TemporaryName, vec![Factor::Entropy, Factor::Pids])
            }
            TokenShape::Random => (Cause::RandomValue, vec![Factor::Entropy, Factor::HashSeed]),
            TokenShape::Revision => (Cause::VersionControl, vec![Factor::ParentDir]),
            TokenShape::Digest => (Cause::ContentDigest, Vec::new()),
            TokenShape::Inode => (Cause::InodeNumber, vec![Factor::Inode]),
            TokenShape::Calendar => (Cause::Locale, vec![Factor::Locale]),
            TokenShape::Zone => (Cause::Timezone, vec![Factor::Timezone]),
            TokenShape::Release => (Cause::KernelRelease, vec![Factor::Kernel]),
            TokenShape::Hashed => (
                Cause::HashSeed,
                vec![Factor::HashSeed, Factor::Aslr, Factor::Entropy],
            ),
        };
        Some(Attribution::new(
            cause,
            Certainty::Guess,
            self.knowledge.suspects(&factors),
        ))
    }
}

/// Whether the word is what stands in the range, or stands around it as a word of its own.
fn covers(line: &[u8], word: &str, range: &Range<usize>) -> bool {
    let length = word.len();
    if line.get(range.clone()) == Some(word.as_bytes()) {
        return true;
    }
    let is_open = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let first = (range.end.max(range.start + 1)).saturating_sub(length);
    let mut starts = first.saturating_sub(1)..=range.start;
    starts.any(|start| {
        let end = start + length;
        line.get(start..end) == Some(word.as_bytes())
            && range.end <= end
            && is_open(line.get(end))
            && (start == 0 || is_open(line.get(start - 1)))
    })
}

type Rows<'l> = (Vec<LineToken<'l>>, Vec<LineToken<'l>>, Vec<Hunk>);

fn tokens<'l>(a: &'l [u8], b: &'l [u8], words: &[Word<'_>]) -> Rows<'l> {
    let row_a = token::split(a, words, Run::A);
    let row_b = token::split(b, words, Run::B);
    let hunks = token::hunks(&row_a, &row_b);
    (row_a, row_b, hunks)
}

/// The day and the year of one date are one difference.
fn merge(classified: Vec<Classified>) -> Vec<Classified> {
    let mut merged: Vec<Classified> = Vec::new();
    for next in classified {
        match merged
            .iter_mut()
            .find(|other| other.attribution == next.attribution)
        {
            Some(same) => {
                same.a.end = same.a.end.max(next.a.end);
                same.b.end = same.b.end.max(next.b.end);
            }
            None => merged.push(next),
        }
    }
    merged
}

fn extent(hunks: &[Hunk]) -> usize {
    hunks.iter().map(|(a, b)| a.len() + b.len()).sum()
}

fn clip(range: Range<usize>) -> Range<usize> {
    range.start..range.end.min(range.start + LONGEST)
}

/// What stands around a difference, and where that begins: all of a line, unless it is long.
fn near<'l>(line: &'l [u8], range: &Range<usize>) -> (usize, &'l [u8]) {
    if line.len() <= 2 * NEAR {
        return (0, line);
    }
    let start = range.start.saturating_sub(NEAR);
    let end = line.len().min(range.start + LONGEST + NEAR);
    (start, &line[start..end])
}

fn back(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start - by..range.end - by
}

/// The first difference, which nobody looks at.
fn unjudged(a: &[u8], b: &[u8]) -> Option<Classified> {
    let start = judging::first(a, b)?;
    let range = |line: &[u8]| start..line.len().min(start + LONGEST);
    Some(Classified {
        attribution: unknown(Cause::Content),
        a: range(a),
        b: range(b),
    })
}

fn word_of<'t>(token: &LineToken<'t>) -> Option<&'t [u8]> {
    match token.key {
        TokenKey::Plain(text) if text[0].is_ascii_alphanumeric() => Some(text),
        _ => None,
    }
}

/// A random or nameless value in a document's `/ID` is just that.
fn placed(at: &HunkContext<'_>, mut attribution: Attribution) -> Attribution {
    let valueless = matches!(
        attribution.cause,
        Cause::Content | Cause::Measurement | Cause::RandomValue | Cause::ContentDigest
    );
    if at.context == TextContext::Document
        && valueless
        && mentions(at.a, &["/id", "documentid", "instanceid"])
    {
        attribution.cause = Cause::DocumentId;
    }
    attribution
}

fn nameless(at: &HunkContext<'_>) -> Attribution {
    let digits =
        |line: &[u8], range: &Range<usize>| line[range.clone()].iter().all(u8::is_ascii_digit);
    if digits(at.a, &at.hunk.0) && digits(at.b, &at.hunk.1) {
        let certainty = Certainty::Normaliser("mask-numbers".to_owned());
        let factors = vec![Factor::Scheduling, Factor::Entropy];
        return Attribution::new(Cause::Measurement, certainty, factors);
    }
    Attribution::new(Cause::Content, Certainty::Unknown, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::RunFacts;

    /// Two runs that had another number of CPUs and another host name.
    fn knowledge() -> Knowledge {
        let facts = |count: &str, host: &str| {
            RunFacts::default()
                .with(Factor::CpuCount, "count", count)
                .with(Factor::Hostname, "name", host)
        };
        Knowledge {
            a: facts("2", "kitchen"),
            b: facts("3", "bakery"),
            varied: None,
            ..Knowledge::default()
        }
    }

    fn only(a: &str, b: &str) -> Attribution {
        let knowledge = knowledge();
        let classified = Classifier::new(&knowledge, u64::MAX).lines(
            TextContext::Text,
            a.as_bytes(),
            b.as_bytes(),
        );
        let [one] = classified.as_slice() else {
            panic!("{} verdicts", classified.len());
        };
        one.attribution.clone()
    }

    #[test]
    fn a_single_digit_is_a_guess_unless_the_line_speaks_of_it() {
        assert_eq!(only("part 2", "part 3").certainty, Certainty::Guess);
        assert_eq!(only("cpus: 2", "cpus: 3").certainty, Certainty::Known);
    }

    #[test]
    fn a_known_word_that_both_lines_share_explains_nothing() {
        let attribution = only("on kitchen 1111", "on kitchen 2222");
        assert_ne!(attribution.cause, Cause::HostName);
        let attribution = only("on kitchen", "on bakery");
        assert_eq!(
            (attribution.cause, attribution.certainty),
            (Cause::HostName, Certainty::Known)
        );
    }

    #[test]
    fn a_zone_is_a_zone_and_a_month_is_a_locale() {
        assert_eq!(only("at +0000", "at +1400").cause, Cause::Timezone);
        assert_eq!(only("in May", "in mai").cause, Cause::Locale);
    }
}
