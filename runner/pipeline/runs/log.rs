//! What the steps of a run print: to the log file, to the screen if wished, and its end in memory.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Write};

use zwieback_model::event::Event;
use zwieback_model::name::Name;
use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::mask::Mask;
use zwieback_model::shown_name::is_shown;
use zwieback_model::variation::conditions::RunName;

use super::advice::Clue;
use crate::pipeline::context::command_context::Context;

/// Lines of a failed step that the screen shows.
const TAIL: usize = 20;
/// The longest line that is shown; the log has it whole.
const LONGEST: usize = 2_000;

/// The log of one run.
pub struct Log<'a> {
    file: File,
    written: u64,
    run: RunName,
    step: Option<Name>,
    line: Vec<u8>,
    tail: VecDeque<String>,
    clues: BTreeSet<Clue>,
    screen: Option<&'a Context<'a>>,
    mask: Mask<'static>,
}

impl<'a> Log<'a> {
    /// A log that goes to a file, and line by line to the screen if there is one.
    pub fn new(file: File, run: RunName, screen: Option<&'a Context<'a>>) -> Self {
        let (line, tail) = (Vec::new(), VecDeque::new());
        Self {
            file,
            written: 0,
            run,
            step: None,
            line,
            tail,
            clues: BTreeSet::new(),
            screen,
            mask: Mask::new(Filter::shared()),
        }
    }

    /// A step begins; says where in the log.
    pub fn begin(&mut self, step: &Name) -> u64 {
        self.step = Some(step.clone());
        self.tail.clear();
        self.clues.clear();
        self.written
    }

    /// Bytes that a step printed.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.line.len()).min(piece.len());
            self.line.extend_from_slice(&piece[..room]);
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
        self.file.write_all(bytes)
    }

    /// The step ended: a last line without an end is a line too.
    pub fn end(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    /// The last lines of the present step, without secrets.
    pub fn tail(&self) -> Vec<String> {
        let mut mask = Mask::new(Filter::shared());
        let shown = |line: &String| printable(&mask.line(line.as_bytes()));
        self.tail.iter().map(shown).collect()
    }

    /// What the lines of the present step tell of why it may fail.
    pub fn clues(&self) -> &BTreeSet<Clue> {
        &self.clues
    }

    fn end_line(&mut self) {
        let line = printable(&self.line);
        self.clues.extend(Clue::of(&line));
        self.line.clear();
        if let (Some(ctx), Some(step)) = (self.screen, &self.step) {
            ctx.tell(&Event::StepOutput {
                run: self.run,
                step: step.clone(),
                line: printable(&self.mask.line(line.as_bytes())),
            });
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}

/// A line without what could steer a terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    text.chars()
        .map(|c| {
            if !is_shown(c) && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
