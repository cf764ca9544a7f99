//! `zwieback trace`: from a deployed file back to every input.

use zwieback_trust::command::trace::trace;
use zwieback_trust::screen;
use zwieback_trust::screen::trace::Inputs;

use super::named;
use super::session::ReleaseSession;
use crate::pipeline::context::answer::{Answer, End, Ended};

/// What is traced, and how it is shown.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// The artifact: a file, or the beginning of its SHA-256.
    pub artifact: String,
    /// Whether the packages of toolchains are listed.
    pub inputs: bool,
    /// Whether it is a graph for Graphviz.
    pub dot: bool,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &TraceOptions) -> Ended {
    let reader = session.reader();
    let artifact = named::looked_up(&options.artifact, &reader.state()?)?;
    let trace = trace(&reader, artifact)?;
    if options.dot {
        session.answer(&Answer::Page(screen::dot::dot(&trace)))?;
    } else {
        let inputs = if options.inputs {
            Inputs::Listed
        } else {
            Inputs::Counted
        };
        let value = screen::json::trace(&trace);
        session.show(&screen::trace::trace(&trace, inputs), &value)?;
    }
    Ok(End::Done)
}
