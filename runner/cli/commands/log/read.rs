//! `zwieback log verify` and `monitor`: a log is held against itself, and against what was seen of it.

use std::io::Write as _;

use serde_json::json;
use zwieback_host::dirs::Dirs;
use zwieback_model::json::canonical;
use zwieback_trust::log::record::ProvenRecord;
use zwieback_trust::screen;
use zwieback_trust::state::record::Line;
use zwieback_trust::statement::said::Check;
use zwieback_trust::tlog::checkpoint::Checkpoint;

use super::place;
use crate::cli::args::global::{Format, Global};
use crate::cli::args::log::ReadArgs;
use crate::cli::exit;
use crate::cli::screen::labelled::labelled;
use crate::cli::screen::paint::Paint;
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::Failure;

/// Checks everything; what was seen once may not be gone the next time.
pub fn verify(global: &Global, args: &ReadArgs) -> Result<u8, Failure> {
    let dirs = Dirs::of_user()?;
    let named = args.memory.as_deref();
    let log = place::believe(&args.log, &args.belief, named, global, &dirs)?;
    log.verify()?;
    let checkpoint = log.checkpoint();
    tell(global, "Verified", checkpoint, checkpoint.head.size)
}

/// Prints what is new; a log that did not only grow is refused, and what was seen stays remembered.
pub fn monitor(global: &Global, args: &ReadArgs) -> Result<u8, Failure> {
    let dirs = Dirs::of_user()?;
    let policy = place::belief(&args.belief)?;
    let position = place::position(args.memory.as_deref(), "monitor", &policy, &dirs)?;
    let log = place::believe(&args.log, &args.belief, None, global, &dirs)?;
    let fresh = log.monitor(&policy, &position, line)?;
    let count = fresh.len() as u64;
    print(global, &fresh)?;
    match global.format {
        Format::Json => Ok(exit::DONE),
        Format::Human => tell(global, "Grown", log.checkpoint(), count),
    }
}

/// An entry as it is: whether it counts takes a policy.
pub fn line(record: ProvenRecord) -> Line {
    Line::unjudged(record.index(), record.read(Check::Signature))
}

/// Prints lines of a log on stdout: it is what was asked for.
pub fn print(global: &Global, lines: &[Line]) -> Result<(), Failure> {
    let mut stdout = terminal::stdout();
    if global.format == Format::Json {
        for line in lines {
            let value = screen::json::line(line);
            writeln!(stdout, "{}", canonical::to_string(&value))?;
        }
        return Ok(());
    }
    let shown = labelled(&screen::log::log(lines), Paint::for_stdout(global.color));
    Ok(stdout.write_all(shown.as_bytes())?)
}

fn tell(global: &Global, verb: &str, of: &Checkpoint, entries: u64) -> Result<u8, Failure> {
    let (entries, root) = (place::entries(entries), of.head.root.to_hex());
    let sentence = format!("{entries} of {}, root {}", of.origin, of.head.root.short());
    let value = json!({
        "verdict": "verified",
        "log": of.origin.as_str(),
        "size": of.head.size,
        "root": root,
    });
    place::tell(global, verb, &sentence, &value)?;
    Ok(exit::DONE)
}
