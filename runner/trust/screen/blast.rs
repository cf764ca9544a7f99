//! What a revocation would reach, on the screen.

use super::text::{Cell, Label, Text};
use crate::state::blast::BlastRadius;
use crate::statement::revocation::Revoked;

/// The blast radius as text.
pub fn blast(revoked: &Revoked, radius: &BlastRadius) -> Text {
    let mut text = Text::default();
    text.line()
        .add(Label::Strong, revoked.label())
        .add(Label::Plain, " reaches");
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (digest, name) in &radius.artifacts {
        let deployed = radius.deployed.iter().filter(|(_, _, it)| it == digest);
        let places: Vec<String> = deployed
            .map(|(environment, number, _)| format!("in {environment}, generation {number}"))
            .collect();
        let place = match places.as_slice() {
            [] => (Label::Faint, "not deployed".to_owned()),
            places => (Label::Bad, places.join("; ")),
        };
        rows.push(vec![
            (Label::Plain, "artifact".to_owned()),
            (Label::Strong, format!("{name} ({})", digest.short())),
            place,
        ]);
    }
    let statements = radius.statements.iter().map(|index| {
        let word = (Label::Plain, "statement".to_owned());
        vec![word, (Label::Strong, format!("entry {index}"))]
    });
    rows.extend(statements);
    if rows.is_empty() {
        text.line()
            .add(Label::Faint, "  nothing that the log knows");
    }
    text.table(&rows);
    text
}
