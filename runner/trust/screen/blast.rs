//! What a revocation would reach, on the screen.

use zwieback_model::labelled::{Cell, Text, Tone};

use std::collections::BTreeSet;

use crate::state::blast::BlastRadius;
use crate::statement::revocation::Revoked;

/// The blast radius as text.
pub fn blast(revoked: &Revoked, radius: &BlastRadius) -> Text {
    let mut text = Text::default();
    text.line()
        .add(Tone::Strong, revoked.label())
        .add(Tone::Plain, " reaches");
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (digest, name) in &radius.artifacts {
        let deployed = radius.deployed.iter().filter(|(_, _, it)| it == digest);
        let places: Vec<String> = deployed
            .map(|(environment, number, _)| format!("in {environment}, generation {number}"))
            .collect();
        let place = match places.as_slice() {
            [] => (Tone::Faint, "not deployed".to_owned()),
            places => (Tone::Bad, places.join("; ")),
        };
        rows.push(vec![
            (Tone::Plain, "artifact".to_owned()),
            (Tone::Strong, format!("{name} ({})", digest.short())),
            place,
        ]);
    }
    let statements = radius.statements.iter().map(|index| {
        let word = (Tone::Plain, "statement".to_owned());
        vec![word, (Tone::Strong, format!("entry {index}"))]
    });
    rows.extend(statements);
    for whom in &radius.speaks_for {
        let row = vec![
            (Tone::Plain, "speaks for".to_owned()),
            (Tone::Bad, whom.clone()),
        ];
        rows.insert(0, row);
    }
    if !radius.signed.is_empty() {
        let (count, entries) = (radius.signed.len(), ranges(&radius.signed));
        let said = format!("{count} in all: {entries}");
        rows.push(vec![
            (Tone::Plain, "signed".to_owned()),
            (Tone::Plain, said),
        ]);
    }
    if rows.is_empty() {
        text.line().add(Tone::Faint, "  nothing that the log knows");
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
