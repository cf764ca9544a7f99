//! `zwieback log restore`: keepers say that the log was put back, and readers go on from there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::json;
use zwieback_trust::command::restore::{Missing, Plan, Restore, Restored, plan, restore};
use zwieback_trust::log::error::LogError;
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::proof::TreeHead;

use super::session;
use crate::pipeline::context::answer::{End, Ended, Tell};
use crate::pipeline::context::failure::{Failure, Kind};
use crate::pipeline::context::keyring::KeyChoice;
use crate::pipeline::release::named;
use crate::pipeline::release::session::ReleaseSession;
use crate::pipeline::trust::evidence;

const DAY: i64 = 86_400;

/// Why a log was put back, and what readers remember.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// Why.
    pub why: String,
    /// For how many days readers take it.
    pub days: u16,
    /// What other readers remember.
    pub seen: Vec<PathBuf>,
    /// Whether it is only shown what would be given up.
    pub dry_run: bool,
    /// Who says it.
    pub sign: KeyChoice,
}

/// Runs the command: what is given up is shown first.
pub fn run(session: &ReleaseSession<'_>, options: &RestoreOptions, screen: &dyn Tell) -> Ended {
    let expires = named::later(session.now, i64::from(options.days) * DAY)?;
    let wish = Restore {
        reason: options.why.clone(),
        expires,
        seen: seen(options, session.gate.ledger.log.key())?,
    };
    let reader = session.reader();
    let plan = plan(&reader, &wish)?;
    tell_plan(screen, &plan)?;
    if options.dry_run {
        return Ok(End::Done);
    }
    let signers = session.signers(&options.sign)?;
    let done = restore(&signers.session(reader), &wish, &plan)?;
    tell(screen, &done)?;
    match done.missing {
        Some(Missing::Belief(error)) => Err(error.into()),
        Some(Missing::NewerKeepers { .. }) => Ok(End::As(Kind::Unverified)),
        Some(Missing::Keepers) | None => Ok(End::Done),
    }
}

/// Tells what was recorded, and what readers need besides, so that nobody takes the one for the other.
fn tell(screen: &dyn Tell, done: &Restored) -> Result<(), Failure> {
    let outcome = done.line.outcome.as_deref().unwrap_or_default();
    let after = match &done.missing {
        None => {
            "remembered as it is now. Who saw a tree that is not named, or a policy with other \
                 keepers, refuses it still"
                .to_owned()
        }
        Some(Missing::Keepers) => "refused still: other keepers must say the same".to_owned(),
        Some(Missing::NewerKeepers { version }) => format!(
            "refused still: policy version {version} was seen here, and too few of its keepers say so"
        ),
        Some(Missing::Belief(_)) => "refused still".to_owned(),
    };
    let verb = if done.is_accepted() {
        "Restored"
    } else {
        "Said"
    };
    let sentence = format!("{outcome}, entry {}; {after}", done.line.index);
    let value = json!({
        "index": done.line.index,
        "outcome": outcome,
        "accepted": done.is_accepted(),
        "after": after,
    });
    session::tell(screen, verb, sentence, &value)
}

/// What other readers remember, as the file `seen` of their memory has it, signed by the log.
fn seen(options: &RestoreOptions, log: &NoteKey) -> Result<BTreeSet<TreeHead>, Failure> {
    let read = |path| -> Result<TreeHead, Failure> {
        let note = Note::parse(&evidence::read(path)?).map_err(LogError::from)?;
        Ok(Checkpoint::open(&note, log).map_err(LogError::from)?.head)
    };
    options.seen.iter().map(|path| read(path)).collect()
}

fn tell_plan(screen: &dyn Tell, plan: &Plan) -> Result<(), Failure> {
    let show = |head: &TreeHead| format!("{} ({})", session::entries(head.size), head.root.short());
    let old: Vec<String> = plan.old.iter().map(show).collect();
    let sentence = format!(
        "{}, which are there no more; {} are",
        old.join(", "),
        show(&plan.new)
    );
    let tree = |head: &TreeHead| json!({ "size": head.size, "root": head.root.to_hex() });
    let value = json!({
        "old": plan.old.iter().map(tree).collect::<Vec<_>>(),
        "new": tree(&plan.new),
    });
    session::tell(screen, "Gives up", sentence, &value)
}
