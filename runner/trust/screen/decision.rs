//! A decision on the screen: rule by rule, then what did not count.

use zwieback_model::labelled::{Cell, Text, Tone, headings};

use std::collections::BTreeSet;

use crate::gate::decision::{Decision, Rule, SetAside, Verdict};
use crate::reason::Refusal;

/// The decision as text.
pub fn decision(decision: &Decision) -> Text {
    let mut text = Text::default();
    let (name, environment) = (&decision.name, decision.environment.as_str());
    text.line().add(Tone::Strong, name);
    if let Some(version) = &decision.version {
        text.add(Tone::Plain, format!(" {version}"));
    }
    text.add(Tone::Faint, format!(" ({})", decision.artifact.short()));
    text.add(Tone::Plain, format!(" to {environment}"));
    let policy = format!(
        ", generation {}, policy {}",
        decision.generation,
        decision.policy.short()
    );
    text.add(Tone::Faint, policy).line();
    let mut rows = vec![headings(["verdict", "rule", "asks for", "there is"])];
    rows.extend(decision.rules.iter().map(row));
    text.table(&rows);
    if !decision.set_aside.is_empty() {
        let aside: Vec<Vec<Cell>> = decision.set_aside.iter().map(aside).collect();
        text.line().table(&aside);
    }
    text.line();
    match decision.verdict() {
        Ok(()) => text.line().add(Tone::Good, "allowed"),
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
                .add(Tone::Bad, "denied")
                .add(Tone::Plain, format!(": {}", refusal.reason.sentence()))
                .add(Tone::Faint, format!(" [{}]", refusal.reason));
        }
    }
    text
}

fn row(rule: &Rule) -> Vec<Cell> {
    let verdict = match rule.verdict {
        Verdict::Held => (Tone::Good, "held".to_owned()),
        Verdict::Waived { by } => (Tone::Warning, format!("waived by entry {by}")),
        Verdict::Denied(_) => (Tone::Bad, "denied".to_owned()),
    };
    vec![
        verdict,
        (Tone::Strong, rule.name.clone()),
        (Tone::Plain, rule.asked.clone()),
        (Tone::Plain, rule.saw.clone()),
    ]
}

fn aside(aside: &SetAside) -> Vec<Cell> {
    let entry = aside
        .index
        .map_or(String::new(), |index| format!(" of entry {index}"));
    vec![
        (Tone::Warning, "not counted".to_owned()),
        (Tone::Plain, format!("{}{entry}", aside.what)),
        (Tone::Plain, format!("{} [{}]", aside.why, aside.why.reason)),
    ]
}
