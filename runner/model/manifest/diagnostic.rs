//! An error that points into a file a user wrote.

use std::fmt;
use std::ops::Range;

use crate::shown_name::is_shown;

/// The text of a file together with the name people know it by.
#[derive(Clone, Copy, Debug)]
pub struct SourceText<'a> {
    /// The path to print.
    pub path: &'a str,
    /// What the file holds.
    pub text: &'a str,
}

/// What is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostic {
    /// The file as the user named it.
    pub path: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// A lower-case fragment.
    pub message: String,
    /// Advice, where there is some.
    pub hint: Option<String>,
    /// The line itself, to show below the message.
    pub excerpt: Option<String>,
    /// How many characters to underline.
    pub width: usize,
}

impl Diagnostic {
    /// A diagnostic about a range of bytes of the file.
    pub fn at(source: SourceText<'_>, span: Range<usize>, message: impl Into<String>) -> Self {
        let start = floor_boundary(source.text, span.start);
        let before = &source.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_text = source.text[line_start..].lines().next().unwrap_or_default();
        let column = source.text[line_start..start].chars().count() + 1;
        let end =
            floor_boundary(source.text, span.end.max(start)).min(line_start + line_text.len());
        Self {
            path: source.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column,
            message: message.into(),
            hint: None,
            excerpt: Some(line_text.to_owned()),
            width: source
                .text
                .get(start..end)
                .map_or(1, |part| part.chars().count().max(1)),
        }
    }

    /// A diagnostic about the file as a whole.
    pub fn whole(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: None,
            excerpt: None,
            width: 0,
        }
    }

    /// The same diagnostic with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.path, self.message);
        }
        write!(
            f,
            "{}:{}:{}: {}",
            self.path, self.line, self.column, self.message
        )?;
        let Some(excerpt) = &self.excerpt else {
            return Ok(());
        };
        let gutter = self.line.to_string();
        let blank = " ".repeat(gutter.len());
        let shown = printable(excerpt);
        let offset = " ".repeat(self.column - 1);
        write!(
            f,
            "\n {blank} |\n {gutter} | {shown}\n {blank} | {offset}{}",
            "^".repeat(self.width)
        )
    }
}

/// The nearest name to a misspelt one, where one is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (given.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Tabs become single blanks so that the underline stays below its text; other
/// control characters are shown as such, for they could forge a terminal's screen.
fn printable(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if !is_shown(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_line_and_column() {
        let source = SourceText {
            path: "recipe.toml",
            text: "[recipe]\nname = 3\n",
        };
        let shown = Diagnostic::at(source, 16..17, "a string is expected").to_string();
        assert_eq!(
            shown,
            "recipe.toml:2:8: a string is expected\n   |\n 2 | name = 3\n   |        ^"
        );
    }

    #[test]
    fn spans_beyond_the_text_are_clamped() {
        let source = SourceText {
            path: "x",
            text: "ä",
        };
        assert_eq!(Diagnostic::at(source, 1..99, "m").line, 1);
        assert_eq!(
            Diagnostic::at(
                SourceText {
                    path: "x",
                    text: ""
                },
                5..9,
                "m"
            )
            .column,
            1
        );
    }

    #[test]
    fn suggestions_are_near() {
        assert_eq!(nearest("sorces", ["steps", "sources"]), Some("sources"));
        assert_eq!(nearest("zebra", ["steps", "sources"]), None);
    }
}
