//! `zwieback revoke`: what it would reach is shown first, then it is said, then policy acts.

use zwieback_trust::command::revoke::{Revoke, blast_radius, revocation, roll_back_reached};
use zwieback_trust::screen;
use zwieback_trust::state::blast::BlastRadius;
use zwieback_trust::statement::revocation::Revoked;

use super::counter::Counter;
use super::{named, watch};
use crate::cli::args::global::Global;
use crate::cli::args::release::{RevokeArgs, RevokedKind};
use crate::cli::exit;
use crate::cli::screen::paint::Meaning;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::gate::session::GateError;

/// Runs the command.
pub fn run(global: &Global, args: &RevokeArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.say.gate)?;
    let wish = Revoke {
        revoked: revoked(args.kind, &args.which)?,
        from: args.from,
        reason: args.why.clone(),
    };
    let reader = counter.reader();
    let radius = blast_radius(&reader, &wish.revoked)?;
    let text = screen::blast::blast(&wish.revoked, &radius);
    counter.show(&text, || screen::json::blast(&wish.revoked, &radius))?;
    if args.dry_run {
        return Ok(exit::DONE);
    }
    counter.hand_in(&revocation(&reader, &wish)?, &args.say, "Revoked")?;
    if args.say.output.is_some() {
        return Ok(exit::DONE);
    }
    act(&counter, &radius)
}

/// Rolls back at once where this machine is the gate's; elsewhere the next `watch` does.
fn act(counter: &Counter<'_>, radius: &BlastRadius) -> Result<u8, Failure> {
    if radius.deployed.is_empty() {
        return Ok(exit::DONE);
    }
    let signers = match counter.gate.keeper() {
        Ok(signers) => signers,
        Err(GateError::NoKey(_)) => {
            let said = "the gate acts on it with its next `zwieback watch`";
            counter.note(Meaning::Hint, "note", said)?;
            return Ok(exit::DONE);
        }
        Err(error) => return Err(error.into()),
    };
    let done = roll_back_reached(&signers.session(counter.reader()), radius)?;
    watch::tell_all(counter, done)
}

fn revoked(kind: RevokedKind, which: &str) -> Result<Revoked, Failure> {
    Ok(match kind {
        RevokedKind::Builder => Revoked::Builder(which.to_owned()),
        RevokedKind::Artifact => Revoked::Artifact(named::artifact(which)?.sha256),
        RevokedKind::Source => Revoked::Source(named::artifact(which)?.sha256),
        RevokedKind::Key => Revoked::Key(named::key(which)?),
    })
}
