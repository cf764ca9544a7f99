//! Colour by meaning, never as the only carrier of it.

use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use zwieback_model::labelled::Tone;

use crate::cli::args::global::Colour;
use crate::cli::env;

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

/// How the colour of a tone begins.
fn sequence(tone: Tone) -> Option<&'static str> {
    let at = match tone {
        Tone::Plain => return None,
        Tone::Good => 0,
        Tone::Bad => 1,
        Tone::Warning => 2,
        Tone::Hint => 3,
        Tone::Strong => 4,
        Tone::Faint => 5,
    };
    Some(SEQUENCES[at])
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

    /// The text in the colour of its tone.
    pub fn text(self, tone: Tone, text: impl Display) -> String {
        match sequence(tone) {
            Some(begin) if self.on => format!("{begin}{text}{END}"),
            _ => text.to_string(),
        }
    }

    /// A line that starts with a verb, as cargo's do.
    pub fn line(self, tone: Tone, verb: &str, rest: impl Display) -> String {
        format!("{} {rest}", self.text(tone, format!("{verb:>12}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tone_has_its_colour() {
        let on = Paint { on: true };
        let shown = |tone| on.text(tone, "x");
        assert_eq!(shown(Tone::Good), "\u{1b}[32;1mx\u{1b}[0m");
        assert_eq!(shown(Tone::Bad), "\u{1b}[31;1mx\u{1b}[0m");
        assert_eq!(shown(Tone::Warning), "\u{1b}[33;1mx\u{1b}[0m");
        assert_eq!(shown(Tone::Hint), "\u{1b}[36mx\u{1b}[0m");
        assert_eq!(shown(Tone::Strong), "\u{1b}[1mx\u{1b}[0m");
        assert_eq!(shown(Tone::Faint), "\u{1b}[2mx\u{1b}[0m");
    }

    #[test]
    fn colour_is_never_needed() {
        let plain = Paint { on: false };
        assert_eq!(plain.line(Tone::Good, "Signed", "x"), "      Signed x");
    }
}
