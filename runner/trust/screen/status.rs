//! The status on the screen: a line for each environment, and what needs a look below it.

use zwieback_core::name::Name;

use super::text::{Label, Text, width};
use crate::story::status::{EnvironmentStatus, Status};
use crate::story::trace::origin;

/// The status as text.
pub fn status(status: &Status) -> Text {
    let mut text = Text::default();
    let (version, digest, expires) = &status.policy;
    text.line().add(Label::Strong, &status.log);
    text.add(Label::Plain, format!(", {} entries", status.size));
    let policy = format!(", policy {version} ({}) until {expires}", digest.short());
    text.add(Label::Faint, policy);
    let column = width(status.environments.iter().map(|it| it.name.as_str()));
    for environment in &status.environments {
        line(&mut text, environment, column);
        details(&mut text, environment);
    }
    for (kind, id, reason) in &status.revocations {
        text.line().add(Label::Bad, "  revoked   ");
        text.add(Label::Plain, format!("{kind} {id}"));
        text.add(Label::Faint, format!(", {reason}"));
    }
    text
}

fn line(text: &mut Text, environment: &EnvironmentStatus, column: usize) {
    text.line().add(Label::Plain, "  ");
    text.column(Label::Strong, environment.name.as_str(), column);
    let Some(current) = &environment.current else {
        text.add(Label::Faint, "  nothing deployed");
        return;
    };
    match &environment.verdict {
        Ok(()) => text.add(Label::Good, "  ok    "),
        Err(_) => text.add(Label::Bad, "  wrong "),
    };
    let version = current.version.as_deref().unwrap_or("");
    text.add(Label::Plain, format!("  {} {version}", current.name));
    text.add(Label::Faint, format!(" ({})", current.artifact.short()));
    text.add(Label::Plain, format!("  generation {}", current.number));
    text.add(
        Label::Faint,
        format!(", {}, {}", current.decided, origin(current)),
    );
}

fn details(text: &mut Text, environment: &EnvironmentStatus) {
    if let Err(refusal) = &environment.verdict {
        text.line()
            .add(Label::Bad, format!("    [{}] ", refusal.reason));
        text.add(Label::Plain, refusal.to_string());
    }
    for exception in &environment.exceptions {
        let scope: Vec<&str> = exception.scope.iter().map(|it| it.as_str()).collect();
        text.line().add(Label::Warning, "    exception ");
        text.add(
            Label::Plain,
            format!("{} without {}", exception.artifact, scope.join(", ")),
        );
        text.add(
            Label::Faint,
            format!(", until {}: {}", exception.expires, exception.reason),
        );
    }
    for (digest, name, people) in &environment.pending {
        let people: Vec<&str> = people.iter().map(Name::as_str).collect();
        text.line()
            .add(Label::Plain, format!("    pending   {name}"));
        text.add(Label::Faint, format!(" ({})", digest.short()));
        text.add(Label::Plain, format!(", approved by {}", people.join(", ")));
    }
}
