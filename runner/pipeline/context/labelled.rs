//! Text whose parts have a meaning, for whoever shows it to choose colours.

use zwieback_explain::screen::{Label as Part, Line as ReportLine, Span};
use zwieback_trust::screen::text::{Label, Text};

/// The parts of a line.
pub type Line = Vec<(Tone, String)>;

/// How a part of a text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// A heading or a name.
    Strong,
    /// Something beside the point.
    Faint,
    /// It is as it should be.
    Good,
    /// It needs a look.
    Warning,
    /// It is wrong.
    Bad,
    /// Advice.
    Hint,
}

/// The lines of a text about releases.
pub fn text(text: &Text) -> Vec<Line> {
    let part = |(label, part): &(Label, String)| (Tone::from(*label), part.clone());
    let line = |parts: &Vec<(Label, String)>| parts.iter().map(part).collect();
    text.lines().iter().map(line).collect()
}

/// The lines of a report about differences.
pub fn report(lines: &[ReportLine]) -> Vec<Line> {
    let part = |span: &Span| (Tone::from(span.label), span.text.clone());
    let line = |line: &ReportLine| line.iter().map(part).collect();
    lines.iter().map(line).collect()
}

impl From<Label> for Tone {
    fn from(label: Label) -> Self {
        match label {
            Label::Plain => Self::Plain,
            Label::Strong => Self::Strong,
            Label::Faint => Self::Faint,
            Label::Good => Self::Good,
            Label::Warning => Self::Warning,
            Label::Bad => Self::Bad,
        }
    }
}

impl From<Part> for Tone {
    fn from(part: Part) -> Self {
        match part {
            Part::Place => Self::Warning,
            Part::SideA => Self::Bad,
            Part::SideB => Self::Good,
            Part::Key => Self::Hint,
            Part::Plain | Part::Faint => Self::Plain,
        }
    }
}
