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
        self.add(label, format!("{:width$}", part.as_ref()))
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

/// The width of the widest, for a column.
pub fn width<'a>(parts: impl Iterator<Item = &'a str>) -> usize {
    parts.map(|it| it.chars().count()).max().unwrap_or(0)
}
