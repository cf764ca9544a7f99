//! A decision on the screen: rule by rule, then what did not count.

use super::text::{Label, Text, width};
use crate::gate::decision::{Decision, Rule, Verdict};

/// The decision as text.
pub fn decision(decision: &Decision) -> Text {
    let mut text = Text::default();
    let (name, environment) = (&decision.name, decision.environment.as_str());
    text.line().add(Label::Strong, name);
    if let Some(version) = &decision.version {
        text.add(Label::Plain, format!(" {version}"));
    }
    text.add(Label::Faint, format!(" ({})", decision.artifact.short()));
    text.add(Label::Plain, format!(" to {environment}"));
    text.add(
        Label::Faint,
        format!(", policy {}", decision.policy.short()),
    );
    let column = width(decision.rules.iter().map(|it| it.name.as_str()));
    for rule in &decision.rules {
        line(&mut text, rule, column);
    }
    for aside in &decision.set_aside {
        let index = aside
            .index
            .map_or(String::new(), |index| format!(" of entry {index}"));
        text.line().add(
            Label::Faint,
            format!("  not counted: {}{index}, ", aside.what),
        );
        text.add(Label::Warning, aside.why.reason.code());
        text.add(Label::Faint, format!(" ({})", aside.why));
    }
    match decision.verdict() {
        Ok(()) => text.line().add(Label::Good, "allowed"),
        Err(refusal) => text
            .line()
            .add(Label::Bad, format!("denied [{}]", refusal.reason))
            .add(Label::Plain, format!(" {}", refusal.reason.sentence())),
    };
    text
}

fn line(text: &mut Text, rule: &Rule, column: usize) {
    let (label, word) = match rule.verdict {
        Verdict::Held => (Label::Good, "held  ".to_owned()),
        Verdict::Waived { by } => (Label::Warning, format!("waived by entry {by}")),
        Verdict::Denied(_) => (Label::Bad, "denied".to_owned()),
    };
    text.line().add(label, format!("  {word}  "));
    text.column(Label::Plain, &rule.name, column);
    text.add(
        Label::Faint,
        format!("  asks for {}, there is {}", rule.asked, rule.saw),
    );
}
