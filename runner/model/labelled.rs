//! Text whose parts have a meaning, so that whoever shows it can choose colours.

/// How a part of a line is meant.
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
    /// Advice, and where things are.
    Hint,
}

/// A part that stands in a column.
pub type Cell = (Tone, String);

/// The parts of a line.
pub type Line = Vec<(Tone, String)>;

/// Lines of labelled parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    lines: Vec<Line>,
}

impl Text {
    /// Starts a line.
    pub fn line(&mut self) -> &mut Self {
        self.lines.push(Vec::new());
        self
    }

    /// Adds a part to the last line; what comes from outside cannot forge another.
    pub fn add(&mut self, tone: Tone, part: impl AsRef<str>) -> &mut Self {
        let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let part = part.as_ref().chars().map(plain).collect();
        if let Some(line) = self.lines.last_mut() {
            line.push((tone, part));
        }
        self
    }

    /// Adds a part that takes up at least `width` columns.
    pub fn column(&mut self, tone: Tone, part: impl AsRef<str>, width: usize) -> &mut Self {
        let part = part.as_ref();
        let rest = width.saturating_sub(part.chars().count());
        // What fills up is apart: underlined or reversed colours would show it.
        self.add(tone, part).add(Tone::Plain, " ".repeat(rest))
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
            for ((tone, text), width) in row.iter().zip(&widths) {
                self.add(Tone::Plain, "  ").column(*tone, text, *width);
            }
        }
        self
    }

    /// The lines, each as its parts.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The text without colours.
    pub fn plain(&self) -> String {
        render(&self.lines, |_, part| part.to_owned())
    }
}

/// The lines with each part as `paint` makes it; blanks at the ends of lines go.
pub fn render(lines: &[Line], paint: impl Fn(Tone, &str) -> String) -> String {
    let line = |parts: &Line| {
        let parts = parts.iter().map(|(tone, part)| paint(*tone, part));
        parts.collect::<String>().trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}

/// The same lines for a screen of so many columns: a text behind a label goes on below its beginning, and parts
/// where a word ends. Other lines are data, and stay as they are.
pub fn wrap(lines: Vec<Line>, columns: usize) -> Vec<Line> {
    lines
        .into_iter()
        .flat_map(|line| wrap_line(line, columns))
        .collect()
}

fn wrap_line(line: Line, columns: usize) -> Vec<Line> {
    let (label, rest) = match &line[..] {
        [(Tone::Hint, label), rest @ ..] if label.starts_with(' ') && !rest.is_empty() => {
            (label.clone(), rest)
        }
        _ => return vec![line],
    };
    let indent = label.chars().count();
    let mut used = indent;
    let mut lines = vec![vec![(Tone::Hint, label)]];
    for (tone, part) in rest {
        for word in part.split_inclusive(' ') {
            let width = word.trim_end().chars().count();
            if used > indent && used + width > columns {
                lines.push(vec![(Tone::Plain, " ".repeat(indent))]);
                used = indent;
            }
            used += word.chars().count();
            let last = lines.last_mut().expect("invariant: there is a line");
            match last.last_mut() {
                Some((before, text)) if before == tone && used > indent + width + 1 => {
                    text.push_str(word);
                }
                _ => last.push((*tone, word.to_owned())),
            }
        }
    }
    lines
}

/// The headings of a table.
pub fn headings<const N: usize>(names: [&str; N]) -> Vec<Cell> {
    names.map(|name| (Tone::Faint, name.to_uppercase())).into()
}

/// The width of the widest, for a column.
pub fn width<'a>(parts: impl Iterator<Item = &'a str>) -> usize {
    parts.map(|part| part.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(columns: usize) -> Vec<String> {
        let line = vec![
            (Tone::Hint, "    fix:   ".to_owned()),
            (
                Tone::Plain,
                "write nothing that is measured, or a-very-long-word-without-an-end at all"
                    .to_owned(),
            ),
        ];
        let shown = render(&wrap(vec![line], columns), |_, part| part.to_owned());
        shown.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_text_goes_on_below_its_beginning_and_no_word_is_cut() {
        assert_eq!(
            wrapped(40),
            [
                "    fix:   write nothing that is",
                "           measured, or",
                "           a-very-long-word-without-an-end",
                "           at all",
            ]
        );
        assert_eq!(wrapped(200).len(), 1);
        let words = |columns| wrapped(columns).join(" ").split_whitespace().count();
        assert!((1..120).all(|columns| words(columns) == words(200)));
    }

    #[test]
    fn data_stays_on_its_line() {
        let data = vec![vec![(Tone::Bad, "    A  one two three four".to_owned())]];
        assert_eq!(wrap(data.clone(), 10), data);
    }
}
