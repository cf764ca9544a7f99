//! The log on the screen: who did what, when.

use super::text::{Label, Text, width};
use crate::state::record::Line;

/// The lines of a log as text.
pub fn log(lines: &[Line]) -> Text {
    let mut text = Text::default();
    let who = width(lines.iter().map(|it| it.who.as_str())).min(32);
    let verb = width(lines.iter().map(|it| it.verb));
    for line in lines {
        let when = line.when.map_or(String::new(), |it| it.to_string());
        text.line()
            .column(Label::Faint, format!("{:>6}", line.index), 8);
        text.column(Label::Faint, when, 22);
        text.column(Label::Strong, &line.who, who)
            .add(Label::Plain, "  ");
        text.column(Label::Plain, line.verb, verb);
        text.add(Label::Plain, format!("  {}", line.what));
        if let Some(digest) = line.digest {
            text.add(Label::Faint, format!(" ({})", digest.short()));
        }
        match &line.outcome {
            Ok(outcome) if outcome.is_empty() => {}
            Ok(outcome) => {
                text.add(Label::Plain, format!("  {outcome}"));
            }
            Err(refusal) => {
                text.add(Label::Bad, format!("  refused [{}]", refusal.reason));
                text.add(Label::Plain, format!(" {refusal}"));
            }
        }
    }
    text
}
