//! `zwieback trace`: from a deployed file back to every input.

use std::io::Write as _;

use zwieback_trust::command::trace::trace;
use zwieback_trust::screen;
use zwieback_trust::screen::trace::Inputs;

use super::counter::Counter;
use super::named;
use crate::cli::args::global::Global;
use crate::cli::args::release::TraceArgs;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &TraceArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let reader = counter.reader();
    let artifact = named::looked_up(&args.artifact, &reader.state()?)?;
    let trace = trace(&reader, artifact)?;
    if args.dot {
        let graph = screen::dot::dot(&trace);
        terminal::stdout().write_all(graph.as_bytes())?;
    } else {
        let inputs = if args.inputs {
            Inputs::Listed
        } else {
            Inputs::Counted
        };
        counter.show(&screen::trace::trace(&trace, inputs), || {
            screen::json::trace(&trace)
        })?;
    }
    Ok(exit::DONE)
}
