//! Text whose parts have a meaning, so that whoever shows it can choose colours.

/// What a part of a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
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
}

/// A part that stands in a column.
pub type Cell = (Label, String);

/// Lines of labelled parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    lines: Vec<Vec<(Label, String)>>,
}

impl Text {
    /// Starts a line.
    pub fn line(&mut self) -> &mut Self {
        self.lines.push(Vec::new());
        self
    }

    /// Adds a part to the last line; what comes from outside cannot forge another.
    pub fn add(&mut self, label: Label, part: impl AsRef<str>) -> &mut Self {
        let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let part = part.as_ref().chars().map(plain).collect();
        if let Some(line) = self.lines.last_mut() {
            line.push((label, part));
        }
        self
    }

    /// Adds a part that takes up at least `width` columns.
    pub fn column(&mut self, label: Label, part: impl AsRef<str>, width: usize) -> &mut Self {
        let part = part.as_ref();
        let rest = width.saturating_sub(part.chars().count());
        // What fills up is apart: underlined or reversed colours would show it.
        self.add(label, part).add(Label::Plain, " ".repeat(rest))
    }

    /// Adds rows whose cells stand below each other, two columns in; the last ones are not filled up.
    pub fn table(&mut self, rows: &[Vec<Cell>]) -> &mut Self {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let cells = |column| {
            rows.iter()
                .filter_map(move |row: &Vec<Cell>| row.get(column))
        };
        let widths: Vec<usize> = (0..columns)
            .map(|column| width(cells(column).map(|(_, text)| text.as_str())))
            .collect();
        for row in rows {
            self.line();
            for ((label, text), width) in row.iter().zip(&widths) {
                self.add(Label::Plain, "  ").column(*label, text, *width);
            }
        }
        self
    }

    /// The lines, each as its parts.
    pub fn lines(&self) -> &[Vec<(Label, String)>] {
        &self.lines
    }

    /// The text with each part as `paint` makes it; blanks at the ends of lines go.
    pub fn render(&self, paint: impl Fn(Label, &str) -> String) -> String {
        let line = |parts: &Vec<(Label, String)>| {
            let painted: String = parts
                .iter()
                .map(|(label, part)| paint(*label, part))
                .collect();
            painted.trim_end().to_owned() + "\n"
        };
        self.lines.iter().map(line).collect()
    }

    /// The text without colours.
    pub fn plain(&self) -> String {
        self.render(|_, part| part.to_owned())
    }
}

/// The headings of a table.
pub fn headings<const N: usize>(names: [&str; N]) -> Vec<Cell> {
    names.map(|it| (Label::Faint, it.to_uppercase())).into()
}

/// The width of the widest, for a column.
pub fn width<'a>(parts: impl Iterator<Item = &'a str>) -> usize {
    parts.map(|it| it.chars().count()).max().unwrap_or(0)
}
