//! The status on the screen: a line for each environment, and what needs a look below them.

use zwieback_model::labelled::{Cell, Text, Tone, headings};
use zwieback_model::name::Name;

use crate::command::status::{EnvironmentStatus, RevocationStatus, Status};
use crate::command::trace::origin;

/// The status as text.
pub fn status(status: &Status) -> Text {
    let mut text = Text::default();
    let (version, digest, expires) = &status.policy;
    text.line().add(Tone::Strong, &status.log);
    text.add(Tone::Plain, format!(", {} entries", status.size));
    let policy = format!(", policy {version} ({}) until {expires}", digest.short());
    text.add(Tone::Faint, policy).line();
    let names = [
        "environment",
        "verdict",
        "release",
        "generation",
        "since",
        "how",
    ];
    let mut rows = vec![headings(names)];
    rows.extend(status.environments.iter().map(row));
    text.table(&rows);
    let mut notes: Vec<Vec<Cell>> = status.environments.iter().flat_map(notes).collect();
    notes.extend(status.revocations.iter().map(revocation));
    if !notes.is_empty() {
        text.line().table(&notes);
    }
    text
}

fn row(environment: &EnvironmentStatus) -> Vec<Cell> {
    let name = (Tone::Strong, environment.name.to_string());
    let Some(current) = &environment.current else {
        let empty = (Tone::Faint, "empty".to_owned());
        let wrong = (Tone::Bad, "wrong".to_owned());
        return vec![
            name,
            if environment.verdict.is_ok() {
                empty
            } else {
                wrong
            },
        ];
    };
    let verdict = match &environment.verdict {
        Ok(()) => (Tone::Good, "ok".to_owned()),
        Err(_) => (Tone::Bad, "wrong".to_owned()),
    };
    let version = current.version.as_deref().unwrap_or("without version");
    let release = format!("{} {version} ({})", current.name, current.artifact.short());
    let how = format!("{}, entry {}", origin(current), current.index);
    vec![
        name,
        verdict,
        (Tone::Plain, release),
        (Tone::Plain, current.number.to_string()),
        (Tone::Faint, current.decided.to_string()),
        (Tone::Faint, how),
    ]
}

fn notes(environment: &EnvironmentStatus) -> Vec<Vec<Cell>> {
    let name = &environment.name;
    let note = |label, word: &str, said: String| {
        let place = (Tone::Strong, name.to_string());
        vec![(label, word.to_owned()), place, (Tone::Plain, said)]
    };
    let mut notes = Vec::new();
    if let Err(refusal) = &environment.verdict {
        for refusal in refusal.clone().each() {
            let said = format!("{refusal} [{}]", refusal.reason);
            notes.push(note(Tone::Bad, "wrong", said));
        }
    }
    if environment.current.is_some() && !environment.is_looked_at {
        let said =
            "not looked at: no target of this gate.toml, so that this is the log's word alone";
        notes.push(note(Tone::Warning, "unseen", said.to_owned()));
    }
    for it in &environment.exceptions {
        let scope: Vec<&str> = it.scope.iter().map(String::as_str).collect();
        let said = format!(
            "{} without {} until {}: {:?}, by {}, entry {}",
            it.artifact,
            scope.join(", "),
            it.expires,
            it.reason,
            it.by,
            it.index
        );
        notes.push(note(Tone::Warning, "exception", said));
    }
    for (digest, artifact, people) in &environment.pending {
        let people: Vec<&str> = people.iter().map(Name::as_str).collect();
        let said = format!(
            "{artifact} ({}), approved by {}",
            digest.short(),
            people.join(", ")
        );
        notes.push(note(Tone::Plain, "pending", said));
    }
    notes
}

fn revocation(status: &RevocationStatus) -> Vec<Cell> {
    vec![
        (Tone::Bad, "revoked".to_owned()),
        (Tone::Strong, "everywhere".to_owned()),
        (Tone::Plain, revoked(status)),
    ]
}

/// What was revoked, why and by whom.
fn revoked(status: &RevocationStatus) -> String {
    let revocation = &status.revocation;
    let of = status
        .owner
        .as_ref()
        .map_or(String::new(), |it| format!(" of {it}"));
    format!(
        "{}{of}: {:?}, by {}, entry {}",
        revocation.revoked.label(),
        revocation.reason,
        status.by,
        status.index
    )
}
