//! Colour by meaning, never as the only carrier of it.

use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::args::global::Colour;
use crate::cli::env;
use crate::pipeline::context::labelled::Tone;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something went well.
    Good,
    /// Something failed.
    Bad,
    /// Something to know.
    Warning,
    /// Advice, and where things are.
    Hint,
    /// A name, or a heading.
    Strong,
    /// Something beside the point.
    Faint,
}

impl Meaning {
    /// The meaning of a tone, if it has one.
    pub fn of(tone: Tone) -> Option<Self> {
        match tone {
            Tone::Plain => None,
            Tone::Strong => Some(Self::Strong),
            Tone::Faint => Some(Self::Faint),
            Tone::Good => Some(Self::Good),
            Tone::Warning => Some(Self::Warning),
            Tone::Bad => Some(Self::Bad),
            Tone::Hint => Some(Self::Hint),
        }
    }
}

/// Everything that colours, and the end of it: no other sequence is ours.
pub const SEQUENCES: [&str; 7] = [
    "\u{1b}[32;1m",
    "\u{1b}[31;1m",
    "\u{1b}[33;1m",
    "\u{1b}[36m",
    "\u{1b}[1m",
    "\u{1b}[2m",
    END,
];
const END: &str = "\u{1b}[0m";

/// Whether anything was ever to be coloured.
static USED: AtomicBool = AtomicBool::new(false);

/// Whether anything may be coloured: else no sequence is ours.
pub fn is_used() -> bool {
    USED.load(Ordering::Relaxed)
}

/// Whether and how to colour.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colours for stderr as the user wants them.
    pub fn for_stderr(choice: Colour) -> Self {
        Self::on(choice, std::io::stderr().is_terminal())
    }

    /// Colours for stdout as the user wants them.
    pub fn for_stdout(choice: Colour) -> Self {
        Self::on(choice, std::io::stdout().is_terminal())
    }

    fn on(choice: Colour, is_terminal: bool) -> Self {
        let wanted = || !env::is_set(env::NO_COLOR) && is_terminal;
        let on = match choice {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => wanted(),
        };
        USED.fetch_or(on, Ordering::Relaxed);
        Self { on }
    }

    /// The text in the colour of its meaning.
    pub fn text(self, meaning: Meaning, text: impl Display) -> String {
        if self.on {
            // The sequences stand in the order of the meanings.
            let begin = SEQUENCES[meaning as usize];
            format!("{begin}{text}{END}")
        } else {
            text.to_string()
        }
    }

    /// A line that starts with a verb, as cargo's do.
    pub fn line(self, meaning: Meaning, verb: &str, rest: impl Display) -> String {
        format!("{} {rest}", self.text(meaning, format!("{verb:>12}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_meaning_has_its_colour() {
        let on = Paint { on: true };
        let shown = |meaning| on.text(meaning, "x");
        assert_eq!(shown(Meaning::Good), "\u{1b}[32;1mx\u{1b}[0m");
        assert_eq!(shown(Meaning::Bad), "\u{1b}[31;1mx\u{1b}[0m");
        assert_eq!(shown(Meaning::Warning), "\u{1b}[33;1mx\u{1b}[0m");
        assert_eq!(shown(Meaning::Hint), "\u{1b}[36mx\u{1b}[0m");
        assert_eq!(shown(Meaning::Strong), "\u{1b}[1mx\u{1b}[0m");
        assert_eq!(shown(Meaning::Faint), "\u{1b}[2mx\u{1b}[0m");
    }

    #[test]
    fn colour_is_never_needed() {
        let plain = Paint { on: false };
        assert_eq!(plain.line(Meaning::Good, "Signed", "x"), "      Signed x");
    }
}
