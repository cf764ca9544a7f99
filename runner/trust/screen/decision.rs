//! A decision on the screen: rule by rule, then what did not count.

use std::collections::BTreeSet;

use super::text::{Cell, Label, Text, headings};
use crate::gate::decision::{Decision, Rule, SetAside, Verdict};
use crate::reason::Refusal;

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
    let policy = format!(
        ", generation {}, policy {}",
        decision.generation,
        decision.policy.short()
    );
    text.add(Label::Faint, policy).line();
    let mut rows = vec![headings(["verdict", "rule", "asks for", "there is"])];
    rows.extend(decision.rules.iter().map(row));
    text.table(&rows);
    if !decision.set_aside.is_empty() {
        let aside: Vec<Vec<Cell>> = decision.set_aside.iter().map(aside).collect();
        text.line().table(&aside);
    }
    text.line();
    match decision.verdict() {
        Ok(()) => text.line().add(Label::Good, "allowed"),
        Err(refusal) => denied(&mut text, refusal),
    };
    text
}

/// Every reason once, whatever denied for it.
fn denied(text: &mut Text, refusal: Refusal) -> &mut Text {
    let mut seen = BTreeSet::new();
    for refusal in refusal.each() {
        if seen.insert(refusal.reason) {
            text.line()
                .add(Label::Bad, "denied")
                .add(Label::Plain, format!(": {}", refusal.reason.sentence()))
                .add(Label::Faint, format!(" [{}]", refusal.reason));
        }
    }
    text
}

fn row(rule: &Rule) -> Vec<Cell> {
    let verdict = match rule.verdict {
        Verdict::Held => (Label::Good, "held".to_owned()),
        Verdict::Waived { by } => (Label::Warning, format!("waived by entry {by}")),
        Verdict::Denied(_) => (Label::Bad, "denied".to_owned()),
    };
    vec![
        verdict,
        (Label::Strong, rule.name.clone()),
        (Label::Plain, rule.asked.clone()),
        (Label::Plain, rule.saw.clone()),
    ]
}

fn aside(aside: &SetAside) -> Vec<Cell> {
    let entry = aside
        .index
        .map_or(String::new(), |index| format!(" of entry {index}"));
    vec![
        (Label::Warning, "not counted".to_owned()),
        (Label::Plain, format!("{}{entry}", aside.what)),
        (
            Label::Plain,
            format!("{} [{}]", aside.why, aside.why.reason),
        ),
    ]
}
