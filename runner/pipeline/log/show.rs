//! `zwieback log show`: who said what, when, and what came of it.

use zwieback_attest::known_keys::KnownKeys;
use zwieback_trust::log::error::LogError;

use super::read;
use super::session::LogSession;
use crate::pipeline::context::answer::{End, Ended, Tell};
use crate::pipeline::release::session::ReleaseSession;

/// The entries as they are: whether they count takes a gate.
pub fn plain(session: &LogSession<'_>, log: &str) -> Ended {
    let log = session.believe_own(log)?;
    let mut keys = KnownKeys::default();
    let records = log.entries();
    let records = records.map(|stored| Ok(read::line(stored?.prove(&mut keys)?)));
    let lines = records.collect::<Result<Vec<_>, LogError>>()?;
    read::show(session.screen, &lines)?;
    Ok(End::Done)
}

/// The entries of a gate's log, each with what came of it.
pub fn judged(session: &ReleaseSession<'_>, screen: &dyn Tell) -> Ended {
    let lines = session.gate.ledger.lines(session.now)?;
    read::show(screen, &lines)?;
    Ok(End::Done)
}
