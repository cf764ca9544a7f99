//! Answers of commands, on the screen that the user asked for.

use std::io::{self, Write as _};

use zwieback_model::labelled::render;

use super::paint::Paint;
use super::terminal;
use crate::cli::args::global::{Format, Global};
use crate::cli::error;
use crate::cli::exit;
use crate::pipeline::context::answer::{Answer, End, Sentence, Tell};

/// Shows answers as they come.
pub struct Answers<'a> {
    global: &'a Global,
}

impl<'a> Answers<'a> {
    /// A screen as the user wants it.
    pub fn new(global: &'a Global) -> Self {
        Self { global }
    }

    fn sentences(&self, sentences: &[Sentence]) -> io::Result<()> {
        let paint = Paint::for_stderr(self.global.color);
        let line =
            |sentence: &Sentence| paint.line(sentence.tone, sentence.verb, &sentence.rest) + "\n";
        self.beside(&sentences.iter().map(line).collect::<String>())
    }

    /// In one piece: stderr has no buffer of its own.
    fn beside(&self, text: &str) -> io::Result<()> {
        if self.global.quiet {
            return Ok(());
        }
        terminal::stderr().write_all(text.as_bytes())
    }
}

impl Tell for Answers<'_> {
    fn tell(&self, answer: &Answer) -> io::Result<()> {
        let is_json = self.is_for_programs();
        match answer {
            Answer::Told { value, .. } if is_json => lines(value),
            Answer::Told { sentences, .. } => self.sentences(sentences),
            Answer::Beside(sentence) => self.beside(&format!("{sentence}\n")),
            Answer::Shown { values, .. } if is_json => lines(values),
            Answer::Shown { lines, .. } => {
                let paint = Paint::for_stdout(self.global.color);
                let shown = render(lines, |tone, part| paint.text(tone, part));
                terminal::stdout().write_all(shown.as_bytes())
            }
            Answer::Page(text) => terminal::stdout().write_all(text.as_bytes()),
            Answer::File(bytes) => terminal::bytes().write_all(bytes),
        }
    }

    fn is_for_programs(&self) -> bool {
        self.global.format == Format::Json
    }
}

fn lines<'v>(values: impl IntoIterator<Item = &'v String>) -> io::Result<()> {
    let mut stdout = terminal::stdout();
    let mut values = values.into_iter();
    values.try_for_each(|value| writeln!(stdout, "{value}"))
}

/// The exit code of a command that told all it had to tell.
pub fn code(end: End) -> u8 {
    match end {
        End::Done => exit::DONE,
        End::As(kind) => error::code_of(kind),
    }
}
