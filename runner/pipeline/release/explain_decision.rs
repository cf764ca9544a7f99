//! `zwieback explain-decision`: the same verdict, from the log alone.

use zwieback_model::json::value::Value;
use zwieback_model::labelled::Tone;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::screen;
use zwieback_trust::statement::heading::number;

use super::session::ReleaseSession;
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::Kind;

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, index: u64) -> Ended {
    let explained = explain_decision(&session.reader(), index)?;
    let decision = &explained.decision;
    let value = Value::object([
        ("index", number(explained.index)),
        ("decision", screen::json::decision(decision)),
        ("agrees", explained.agrees.is_ok().into()),
    ]);
    session.show(&screen::decision::decision(decision), &value)?;
    match &explained.agrees {
        Ok(()) => {
            let sentence = format!("entry {}, as it was said then", explained.index);
            session.note(Tone::Good, "Agrees", &sentence)?;
            Ok(End::Done)
        }
        Err(refusal) => {
            let sentence = format!("entry {}: {refusal} [{}]", explained.index, refusal.reason);
            session.note(Tone::Bad, "Differs", &sentence)?;
            Ok(End::As(Kind::of_release_refusal(refusal)))
        }
    }
}
