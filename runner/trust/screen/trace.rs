//! A trace on the screen: from where it is back to what it was made of.

use zwieback_core::name::Name;

use super::text::{Label, Text};
use crate::story::trace::{BuildTrace, Trace, origin};

/// Inputs beyond these are only counted: a toolchain has dozens.
const SHOWN: usize = 12;

/// The trace as text.
pub fn trace(trace: &Trace) -> Text {
    let mut text = Text::default();
    text.line().add(Label::Strong, &trace.name);
    text.add(Label::Faint, format!(" {}", trace.artifact));
    for (index, what, why) in &trace.revocations {
        text.line().add(Label::Bad, format!("  revoked   {what}"));
        text.add(Label::Plain, format!(", {why}"));
        text.add(Label::Faint, format!(", entry {index}"));
    }
    for deployment in &trace.deployments {
        let (label, word) = if deployment.is_current {
            (Label::Good, "deployed  ")
        } else {
            (Label::Faint, "was in    ")
        };
        let generation = &deployment.generation;
        text.line()
            .add(label, format!("  {word}{}", deployment.environment));
        text.add(Label::Plain, format!(", generation {}", generation.number));
        let index = generation.index;
        text.add(
            Label::Faint,
            format!(", {}, entry {index}", origin(generation)),
        );
    }
    for (index, who, environment, expires) in &trace.approvals {
        text.line().add(
            Label::Plain,
            format!("  approved  for {environment} by {who}"),
        );
        text.add(Label::Faint, format!(", until {expires}, entry {index}"));
    }
    for (index, who, verb) in &trace.tests {
        text.line()
            .add(Label::Plain, format!("  {verb:8}  by {who}"));
        text.add(Label::Faint, format!(", entry {index}"));
    }
    for build in &trace.builds {
        add_build(&mut text, build);
    }
    text
}

fn add_build(text: &mut Text, build: &BuildTrace) {
    text.line().add(Label::Plain, "  built     by ");
    text.add(Label::Strong, &build.builder);
    text.add(
        Label::Faint,
        format!(", key {}, entry {}", build.key.short(), build.index),
    );
    if let Some((name, version)) = &build.recipe {
        text.line()
            .add(Label::Plain, format!("    recipe  {name} {version}"));
    }
    for (label, digest, authors) in build.inputs.iter().take(SHOWN) {
        text.line()
            .add(Label::Plain, format!("    from    {label}"));
        text.add(Label::Faint, format!(" ({})", digest.short()));
        if !authors.is_empty() {
            let authors: Vec<&str> = authors.iter().map(Name::as_str).collect();
            text.add(Label::Plain, format!(", changed by {}", authors.join(", ")));
        }
    }
    if let Some(more) = build.inputs.len().checked_sub(SHOWN).filter(|it| *it > 0) {
        text.line()
            .add(Label::Faint, format!("    and {more} more inputs"));
    }
}
