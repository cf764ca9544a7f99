//! The log on the screen: who did what, when, and what came of it.

use zwieback_model::labelled::{Cell, Text, Tone, headings};

use crate::state::record::Line;

/// The lines of a log as text.
pub fn log(lines: &[Line]) -> Text {
    let mut text = Text::default();
    let mut rows = vec![headings(["entry", "when", "who", "did", "what", "outcome"])];
    rows.extend(lines.iter().map(row));
    text.table(&rows);
    text
}

fn row(line: &Line) -> Vec<Cell> {
    let when = line.when.map_or(String::new(), |it| it.to_string());
    let digest = line.digest.map(|digest| format!(" ({})", digest.short()));
    let what = format!("{}{}", line.what, digest.unwrap_or_default());
    let outcome = match &line.outcome {
        Ok(outcome) => (Tone::Plain, outcome.clone()),
        Err(refusal) => {
            let said = format!("refused: {refusal} [{}]", refusal.reason);
            (Tone::Bad, said)
        }
    };
    vec![
        (Tone::Faint, line.index.to_string()),
        (Tone::Faint, when),
        (Tone::Strong, line.who.clone()),
        (Tone::Plain, line.verb.to_owned()),
        (Tone::Plain, what),
        outcome,
    ]
}
