//! `zwieback break-glass`: an exception with a reason, a scope and an end.

use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::statements::{Exception, exception};

use super::named;
use super::session::{ReleaseSession, SayOptions};
use crate::pipeline::context::answer::{End, Ended};

const HOUR: i64 = 3600;

/// Which exception, and for how long.
#[derive(Clone, Debug)]
pub struct BreakGlassOptions {
    /// The artifact: a file, or its whole SHA-256.
    pub artifact: String,
    /// In which environment.
    pub environment: Name,
    /// Which rules do not hold.
    pub scope: Vec<String>,
    /// Why.
    pub why: String,
    /// For how many hours, where it is not said until when.
    pub hours: Option<u16>,
    /// Until when it counts.
    pub until: Option<Timestamp>,
    /// Who says it.
    pub say: SayOptions,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &BreakGlassOptions) -> Ended {
    let hours = i64::from(options.hours.unwrap_or_default());
    let expires = match options.until {
        Some(until) => until,
        None => named::later(session.now, hours * HOUR)?,
    };
    let wish = Exception {
        artifact: named::artifact(&options.artifact)?,
        environment: options.environment.clone(),
        scope: options.scope.iter().cloned().collect(),
        reason: options.why.clone(),
        expires,
    };
    let statement = exception(&session.reader(), &wish)?;
    session.hand_in(&statement, &options.say, "Broke glass")?;
    Ok(End::Done)
}
