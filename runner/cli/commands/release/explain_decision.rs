//! `zwieback explain-decision`: the same verdict, from the log alone.

use zwieback_model::json::value::Value;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::screen;
use zwieback_trust::statement::heading::number;

use super::counter::Counter;
use crate::cli::args::global::Global;
use crate::cli::args::release::ExplainDecisionArgs;
use crate::cli::error;
use crate::cli::exit;
use crate::cli::screen::paint::Meaning;
use crate::pipeline::context::failure::{Failure, Kind};

/// Runs the command.
pub fn run(global: &Global, args: &ExplainDecisionArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let explained = explain_decision(&counter.reader(), args.index)?;
    let decision = &explained.decision;
    counter.show(&screen::decision::decision(decision), || {
        Value::object([
            ("index", number(explained.index)),
            ("decision", screen::json::decision(decision)),
            ("agrees", explained.agrees.is_ok().into()),
        ])
    })?;
    match &explained.agrees {
        Ok(()) => {
            let sentence = format!("entry {}, as it was said then", explained.index);
            counter.note(Meaning::Good, "Agrees", &sentence)?;
            Ok(exit::DONE)
        }
        Err(refusal) => {
            let sentence = format!("entry {}: {refusal} [{}]", explained.index, refusal.reason);
            counter.note(Meaning::Bad, "Differs", &sentence)?;
            Ok(error::code_of(Kind::of_release_refusal(refusal)))
        }
    }
}
