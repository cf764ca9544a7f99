//! Whether bundles prove to be in a log, offline: each by the proof that it carries.

use std::io::Write as _;

use zwieback_attest::bundle::Bundle;
use zwieback_attest::reason::Refusal as AttestRefusal;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::log::error::LogError;
use zwieback_trust::tlog::logged;
use zwieback_trust::tlog::view::Expectation;

use super::log::place;
use crate::cli::args::global::{Format, Global};
use crate::cli::args::log::BeliefArgs;
use crate::cli::args::trust::LoggedArgs;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::Failure;

/// Checks every bundle's proof, if a log is asked for, and tells people which entries they are.
pub fn check(
    global: &Global,
    args: &LoggedArgs,
    bundles: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), Failure> {
    if args.log_signed_by.is_none() && args.log_witnesses.is_none() {
        return Ok(());
    }
    let belief = BeliefArgs {
        signed_by: args.log_signed_by.clone(),
        witnesses: args.log_witnesses.clone(),
        max_age: args.log_max_age,
    };
    let policy = place::belief(&belief)?;
    let expected = Expectation {
        policy: &policy,
        // An old proof stays good: what the log became since then does not matter.
        seen: None,
        max_age: place::max_age(&belief)?,
        now,
    };
    for bytes in bundles {
        let bundle = Bundle::parse(bytes).map_err(AttestRefusal::from)?;
        let index = logged::verify(&bundle, &expected).map_err(LogError::from)?;
        tell(global, index)?;
    }
    Ok(())
}

fn tell(global: &Global, index: u64) -> Result<(), Failure> {
    if global.quiet || global.format == Format::Json {
        return Ok(());
    }
    let paint = Paint::for_stderr(global.color);
    let line = paint.line(Meaning::Good, "Logged", format!("as entry {index}"));
    Ok(writeln!(terminal::stderr(), "{line}")?)
}
