//! Answers of commands, on the screen that the user asked for.

use std::io::{self, Write as _};

use super::labelled::labelled;
use super::paint::{Meaning, Paint};
use super::terminal;
use crate::cli::args::global::{Format, Global};
use crate::cli::error;
use crate::cli::exit;
use crate::pipeline::context::answer::{Answer, End, Tell, Tone};

/// Shows answers as they come.
pub struct Answers<'a> {
    global: &'a Global,
}

impl<'a> Answers<'a> {
    /// A screen as the user wants it.
    pub fn new(global: &'a Global) -> Self {
        Self { global }
    }

    fn line(&self, tone: Tone, verb: &str, sentence: &str) -> io::Result<()> {
        if self.global.quiet || self.global.format == Format::Json {
            return Ok(());
        }
        let paint = Paint::for_stderr(self.global.color);
        let meaning = Meaning::of(tone).unwrap_or(Meaning::Strong);
        let line = paint.line(meaning, verb, sentence);
        writeln!(terminal::stderr(), "{line}")
    }
}

impl Tell for Answers<'_> {
    fn tell(&self, answer: &Answer) -> io::Result<()> {
        let is_json = self.global.format == Format::Json;
        match answer {
            Answer::Done { value, .. } if is_json => writeln!(terminal::stdout(), "{value}"),
            Answer::Done { verb, sentence, .. } => self.line(Tone::Good, verb, sentence),
            Answer::Note {
                tone,
                verb,
                sentence,
            } => self.line(*tone, verb, sentence),
            Answer::Shown { values, .. } if is_json => {
                let mut stdout = terminal::stdout();
                values
                    .iter()
                    .try_for_each(|value| writeln!(stdout, "{value}"))
            }
            Answer::Shown { lines, .. } => {
                let shown = labelled(lines, Paint::for_stdout(self.global.color));
                terminal::stdout().write_all(shown.as_bytes())
            }
            Answer::Page(text) => terminal::stdout().write_all(text.as_bytes()),
            Answer::File(bytes) => terminal::bytes().write_all(bytes),
        }
    }
}

/// The exit code of a command that told all it had to tell.
pub fn code(end: End) -> u8 {
    match end {
        End::Done => exit::DONE,
        End::As(kind) => error::code_of(kind),
    }
}
