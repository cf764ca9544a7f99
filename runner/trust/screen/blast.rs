//! What a revocation would reach, on the screen.

use std::collections::BTreeSet;

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
    for whom in &radius.speaks_for {
        let row = vec![
            (Label::Plain, "speaks for".to_owned()),
            (Label::Bad, whom.clone()),
        ];
        rows.insert(0, row);
    }
    if !radius.signed.is_empty() {
        let (count, entries) = (radius.signed.len(), ranges(&radius.signed));
        let said = format!("{count} in all: {entries}");
        rows.push(vec![
            (Label::Plain, "signed".to_owned()),
            (Label::Plain, said),
        ]);
    }
    if rows.is_empty() {
        text.line()
            .add(Label::Faint, "  nothing that the log knows");
    }
    text.table(&rows);
    text
}

/// Entries as ranges: a gate has signed many.
fn ranges(entries: &BTreeSet<u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for entry in entries {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *entry => *last = *entry,
            _ => ranges.push((*entry, *entry)),
        }
    }
    let ranges = ranges.into_iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    format!("entries {}", ranges.collect::<Vec<_>>().join(", "))
}
