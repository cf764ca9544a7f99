//! What a revocation would reach, on the screen.

use super::text::{Label, Text, width};
use crate::state::blast::BlastRadius;
use crate::statement::revocation::Revoked;

/// The blast radius as text.
pub fn blast(revoked: &Revoked, radius: &BlastRadius) -> Text {
    let mut text = Text::default();
    text.line().add(
        Label::Strong,
        format!("{} {}", revoked.kind(), revoked.id()),
    );
    text.add(Label::Plain, " reaches");
    let column = width(radius.artifacts.iter().map(|(_, name)| name.as_str()));
    for (digest, name) in &radius.artifacts {
        text.line().add(Label::Plain, "  artifact   ");
        text.column(Label::Plain, name, column);
        text.add(Label::Faint, format!("  ({})", digest.short()));
        let deployed = radius.deployed.iter().filter(|(_, _, it)| it == digest);
        for (environment, generation, _) in deployed {
            text.add(Label::Bad, format!("  in {environment}"));
            text.add(Label::Faint, format!(", generation {generation}"));
        }
    }
    for index in &radius.statements {
        text.line()
            .add(Label::Warning, format!("  statement  of entry {index}"));
    }
    if radius.artifacts.is_empty() && radius.statements.is_empty() {
        text.line()
            .add(Label::Faint, "  nothing that the log knows");
    }
    text
}
