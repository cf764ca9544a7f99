//! What a command answers, in order: for people, and for programs as lines of JSON.

use std::io;

use zwieback_model::labelled::{Line, Text, Tone};

use super::failure::{Failure, Kind};

/// One answer. Whoever shows it chooses between its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Something was done, or is so.
    Told {
        /// Sentences for people.
        sentences: Vec<Sentence>,
        /// A line of JSON for programs; nothing, if only people need it.
        value: Option<String>,
    },
    /// A sentence beside the data, in either form.
    Beside(String),
    /// What was asked for.
    Shown {
        /// Lines of parts for people.
        lines: Vec<Line>,
        /// Lines of JSON for programs.
        values: Vec<String>,
    },
    /// A text that was asked for in this very form.
    Page(String),
    /// A file that was asked for.
    File(Vec<u8>),
}

/// A sentence that starts with a verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// How it is meant.
    pub tone: Tone,
    /// What, in a word.
    pub verb: &'static str,
    /// The rest.
    pub rest: String,
}

/// How a command ended that told all it had to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it was asked to.
    Done,
    /// As a failure of that kind would.
    As(Kind),
}

/// Where answers go.
pub trait Tell {
    /// Takes the next answer.
    fn tell(&self, answer: &Answer) -> io::Result<()>;

    /// Whether programs read it: what takes time to describe is described in one form.
    fn is_for_programs(&self) -> bool;
}

/// The result of a command whose answers were told on the way.
pub type Ended = Result<End, Failure>;

impl Answer {
    /// Something was done: a sentence for people, a line of JSON for programs.
    pub fn done(verb: &'static str, rest: impl Into<String>, value: String) -> Self {
        Self::Told {
            sentences: vec![Sentence::new(Tone::Good, verb, rest)],
            value: Some(value),
        }
    }

    /// Something that only people need.
    pub fn note(tone: Tone, verb: &'static str, rest: impl Into<String>) -> Self {
        Self::Told {
            sentences: vec![Sentence::new(tone, verb, rest)],
            value: None,
        }
    }

    /// Plain lines, and the same as one line of JSON.
    pub fn lines(lines: impl IntoIterator<Item = String>, value: String) -> Self {
        let lines = lines.into_iter().map(|line| vec![(Tone::Plain, line)]);
        Self::Shown {
            lines: lines.collect(),
            values: vec![value],
        }
    }

    /// A labelled text, and the same as lines of JSON.
    pub fn shown(text: &Text, values: Vec<String>) -> Self {
        let lines = text.lines().to_vec();
        Self::Shown { lines, values }
    }
}

impl Sentence {
    /// A sentence.
    pub fn new(tone: Tone, verb: &'static str, rest: impl Into<String>) -> Self {
        let rest = rest.into();
        Self { tone, verb, rest }
    }
}
