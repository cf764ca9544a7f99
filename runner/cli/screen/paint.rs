//! Colour by meaning, never as the only carrier of it; and words for sizes and times.

use std::fmt::Display;
use std::io::IsTerminal;

use crate::cli::args::global::Colour;
use crate::cli::env;

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
        Self {
            on: match choice {
                Colour::Always => true,
                Colour::Never => false,
                Colour::Auto => wanted(),
            },
        }
    }

    /// The text in the colour of its meaning.
    pub fn text(self, meaning: Meaning, text: impl Display) -> String {
        let code = match meaning {
            Meaning::Good => "32;1",
            Meaning::Bad => "31;1",
            Meaning::Warning => "33;1",
            Meaning::Hint => "36",
            Meaning::Strong => "1",
            Meaning::Faint => "2",
        };
        if self.on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }

    /// A line that starts with a verb, as cargo's do.
    pub fn line(self, meaning: Meaning, verb: &str, rest: impl Display) -> String {
        format!("{} {rest}", self.text(meaning, format!("{verb:>12}")))
    }
}

/// A size in decimal units, as downloads are measured.
pub fn bytes(count: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", count / unit, count % unit * 10 / unit),
        None => format!("{count} B"),
    }
}

/// A time with one decimal.
pub fn seconds(milliseconds: u64) -> String {
    if milliseconds < 100 {
        return format!("{milliseconds}ms");
    }
    format!("{}.{}s", milliseconds / 1000, milliseconds % 1000 / 100)
}

/// A count and its noun.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(bytes(72_412_345), "72.4 MB");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(seconds(6_149), "6.1s");
        assert_eq!(seconds(14), "14ms");
        assert_eq!(counted(1, "source"), "1 source");
    }

    #[test]
    fn colour_is_never_needed() {
        let plain = Paint { on: false };
        assert_eq!(plain.line(Meaning::Good, "Signed", "x"), "      Signed x");
    }
}
