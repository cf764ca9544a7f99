//! `zwieback log verify` and `monitor`: a log is held against itself, and against what was seen of it.

use std::path::PathBuf;

use serde_json::json;
use zwieback_model::json::canonical;
use zwieback_model::labelled::Tone;
use zwieback_trust::log::record::ProvenRecord;
use zwieback_trust::screen;
use zwieback_trust::state::record::Line;
use zwieback_trust::statement::said::Check;
use zwieback_trust::tlog::checkpoint::Checkpoint;

use super::session::{self, LogSession};
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::log_belief::LogBelief;

/// A log and why it is believed.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The log's folder or address.
    pub log: String,
    /// Why it is believed.
    pub belief: LogBelief,
    /// Where it is remembered what was seen.
    pub memory: Option<PathBuf>,
}

/// Checks everything; what was seen once may not be gone the next time.
pub fn verify(session: &LogSession<'_>, options: &ReadOptions) -> Ended {
    let named = options.memory.as_deref();
    let log = session.believed(&options.log, &options.belief, named)?;
    log.verify()?;
    let checkpoint = log.checkpoint();
    tell(session, "Verified", checkpoint, checkpoint.head.size)
}

/// Prints what is new; a log that did not only grow is refused, and what was seen stays remembered.
pub fn monitor(session: &LogSession<'_>, options: &ReadOptions) -> Ended {
    let policy = options.belief.policy()?;
    let position = session.position(options.memory.as_deref(), "monitor", &policy)?;
    let log = session.believed(&options.log, &options.belief, None)?;
    let fresh = log.monitor(&policy, &position, line)?;
    let count = fresh.len() as u64;
    show(session.screen, &fresh)?;
    // Programs have the entries.
    let sentence = sentence(log.checkpoint(), count);
    let grown = Answer::note(Tone::Good, "Grown", sentence);
    session.screen.tell(&grown)?;
    Ok(End::Done)
}

/// An entry as it is: whether it counts takes a policy.
pub fn line(record: ProvenRecord) -> Line {
    Line::unjudged(record.index(), record.read(Check::Signature))
}

/// Shows lines of a log: it is what was asked for.
pub fn show(screen: &dyn Tell, lines: &[Line]) -> Result<(), Failure> {
    let value = |line: &Line| canonical::to_string(&screen::json::line(line));
    let values = lines.iter().map(value).collect();
    Ok(screen.tell(&Answer::shown(&screen::log::log(lines), values))?)
}

fn sentence(of: &Checkpoint, entries: u64) -> String {
    let (entries, root) = (session::entries(entries), of.head.root.short());
    format!("{entries} of {}, root {root}", of.origin)
}

fn tell(session: &LogSession<'_>, verb: &'static str, of: &Checkpoint, entries: u64) -> Ended {
    let value = json!({
        "verdict": "verified",
        "log": of.origin.as_str(),
        "size": of.head.size,
        "root": of.head.root.to_hex(),
    });
    session::tell(session.screen, verb, sentence(of, entries), &value)?;
    Ok(End::Done)
}
