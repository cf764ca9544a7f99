//! `zwieback approve`: one person's word for one artifact in one environment.

use zwieback_attest::verified::Artifact;
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::statements::{Approve, approval};
use zwieback_trust::gate::question::Intent;

use super::named;
use super::session::{ReleaseSession, SayOptions};
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::Failure;

const DAY: i64 = 86_400;

/// What is approved, where, and for how long.
#[derive(Clone, Debug)]
pub struct ApproveOptions {
    /// The artifact: a file, or its whole SHA-256.
    pub artifact: String,
    /// For which environment.
    pub environment: Name,
    /// How many days it counts, where it is not said until when.
    pub days: u16,
    /// Until when it counts.
    pub until: Option<Timestamp>,
    /// What there is to say.
    pub comment: Option<String>,
    /// Who says it.
    pub say: SayOptions,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &ApproveOptions) -> Ended {
    let artifact = named::artifact(&options.artifact)?;
    let expires = match options.until {
        Some(until) => until,
        None => named::later(session.now, i64::from(options.days) * DAY)?,
    };
    let wish = Approve {
        artifact: artifact.clone(),
        environment: options.environment.clone(),
        expires,
        comment: options.comment.clone(),
    };
    let statement = approval(&session.reader(), &wish)?;
    session.hand_in(&statement, &options.say, "Approved")?;
    if options.say.output.is_none() {
        standing(session, options, &artifact)?;
    }
    Ok(End::Done)
}

/// What is there now, of what the environment asks for.
fn standing(
    session: &ReleaseSession<'_>,
    options: &ApproveOptions,
    artifact: &Artifact,
) -> Result<(), Failure> {
    let reader = session.reader();
    let decision = reader.decide(
        &reader.state()?,
        artifact,
        &options.environment,
        Intent::Promote,
    )?;
    for rule in decision
        .rules
        .iter()
        .filter(|rule| rule.name == "approvals")
    {
        let sentence = format!(
            "{} asks for {}, there is {}",
            options.environment, rule.asked, rule.saw
        );
        session.note(Tone::Hint, "Standing", &sentence)?;
    }
    Ok(())
}
