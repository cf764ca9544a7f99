//! `zwieback revoke`: what it would reach is shown first, then it is said, then policy acts.

use zwieback_model::labelled::Tone;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::revoke::{Revoke, blast_radius, revocation, roll_back_reached};
use zwieback_trust::screen;
use zwieback_trust::state::blast::BlastRadius;
use zwieback_trust::statement::revocation::Revoked;

use super::session::{ReleaseSession, SayOptions};
use super::{named, watch};
use crate::pipeline::context::answer::{End, Ended};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::gate::session::GateError;

/// What can be revoked, as a user names it.
#[derive(Clone, Debug)]
pub enum Which {
    /// A key of a person, a builder or the gate: its file or its id.
    Key(String),
    /// An artifact: its file or its SHA-256.
    Artifact(String),
    /// A builder, by its URI.
    Builder(String),
    /// A source or any other input of builds: its file or its SHA-256.
    Source(String),
}

/// What is revoked, since when and why.
#[derive(Clone, Debug)]
pub struct RevokeOptions {
    /// What is revoked.
    pub which: Which,
    /// Since when.
    pub from: Option<Timestamp>,
    /// Why.
    pub why: String,
    /// Whether it is only shown what it would reach.
    pub dry_run: bool,
    /// Who says it.
    pub say: SayOptions,
}

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>, options: &RevokeOptions) -> Ended {
    let wish = Revoke {
        revoked: revoked(&options.which)?,
        from: options.from,
        reason: options.why.clone(),
    };
    let reader = session.reader();
    let radius = blast_radius(&reader, &wish.revoked)?;
    let text = screen::blast::blast(&wish.revoked, &radius);
    session.show(&text, &screen::json::blast(&wish.revoked, &radius))?;
    if options.dry_run {
        return Ok(End::Done);
    }
    session.hand_in(&revocation(&reader, &wish)?, &options.say, "Revoked")?;
    if options.say.output.is_some() {
        return Ok(End::Done);
    }
    // Somebody may have been asked for a passphrase since: what was put there meanwhile is reached as well.
    act(session, &blast_radius(&session.reader(), &wish.revoked)?)
}

/// Rolls back at once where this machine is the gate's; elsewhere the next `watch` does.
fn act(session: &ReleaseSession<'_>, radius: &BlastRadius) -> Ended {
    if radius.deployed.is_empty() {
        return Ok(End::Done);
    }
    let signers = match session.gate.keeper() {
        Ok(signers) => signers,
        Err(GateError::NoKey(_)) => {
            let said = "the gate acts on it with its next `zwieback watch`";
            session.note(Tone::Hint, "note", said)?;
            return Ok(End::Done);
        }
        Err(error) => return Err(error.into()),
    };
    let done = roll_back_reached(&signers.session(session.reader()), radius)?;
    watch::tell_all(session, done)
}

fn revoked(which: &Which) -> Result<Revoked, Failure> {
    Ok(match which {
        Which::Builder(builder) => Revoked::Builder(builder.clone()),
        Which::Artifact(artifact) => Revoked::Artifact(named::artifact(artifact)?.sha256),
        Which::Source(source) => Revoked::Source(named::artifact(source)?.sha256),
        Which::Key(key) => Revoked::Key(named::key(key)?),
    })
}
