//! Whether bundles prove to be in a log, offline: each by the proof that it carries.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::reason::Refusal as AttestRefusal;
use zwieback_model::labelled::Tone;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::log::error::LogError;
use zwieback_trust::tlog::logged;
use zwieback_trust::tlog::view::Expectation;

use crate::pipeline::context::answer::{Answer, Tell};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::log_belief::LogBelief;

/// Checks every bundle's proof, and tells people which entries they are.
pub fn check(
    belief: &LogBelief,
    bundles: &[Vec<u8>],
    now: Timestamp,
    screen: &dyn Tell,
) -> Result<(), Failure> {
    let policy = belief.policy()?;
    let expected = Expectation {
        policy: &policy,
        // An old proof stays good: what the log became since then does not matter.
        seen: None,
        max_age: belief.max_age()?,
        now,
    };
    for bytes in bundles {
        let bundle = Bundle::parse(bytes).map_err(AttestRefusal::from)?;
        let index = logged::verify(&bundle, &expected).map_err(LogError::from)?;
        let entry = format!("as entry {index}");
        screen.tell(&Answer::note(Tone::Good, "Logged", entry))?;
    }
    Ok(())
}
