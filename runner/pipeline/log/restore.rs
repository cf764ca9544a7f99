//! `zwieback log restore`: keepers say that the log was put back, and readers go on from there.

use std::collections::BTreeSet;

use serde_json::json;
use zwieback_trust::command::restore::{Missing, Plan, Restore, Restored, plan, restore};
use zwieback_trust::log::error::LogError;
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::proof::TreeHead;

use super::place;
use crate::cli::args::global::Global;
use crate::cli::args::log::RestoreArgs;
use crate::cli::commands::evidence;
use crate::cli::commands::release::counter::Counter;
use crate::cli::commands::release::named;
use crate::cli::exit;
use crate::pipeline::context::failure::Failure;

const DAY: i64 = 86_400;

/// Runs the command: what is given up is shown first.
pub fn run(global: &Global, args: &RestoreArgs) -> Result<u8, Failure> {
    let counter = Counter::open(global, &args.gate)?;
    let expires = named::later(counter.now, i64::from(args.days) * DAY)?;
    let wish = Restore {
        reason: args.why.clone(),
        expires,
        seen: seen(args, counter.gate.ledger.log.key())?,
    };
    let reader = counter.reader();
    let plan = plan(&reader, &wish)?;
    tell_plan(global, &plan)?;
    if args.dry_run {
        return Ok(exit::DONE);
    }
    let signers = counter.signers(args.sign_key.as_ref())?;
    let done = restore(&signers.session(reader), &wish, &plan)?;
    tell(global, &done)?;
    match done.missing {
        Some(Missing::Belief(error)) => Err(error.into()),
        Some(Missing::NewerKeepers { .. }) => Ok(exit::UNVERIFIED),
        Some(Missing::Keepers) | None => Ok(exit::DONE),
    }
}

/// Tells what was recorded, and what readers need besides, so that nobody takes the one for the other.
fn tell(global: &Global, done: &Restored) -> Result<(), Failure> {
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
    place::tell(global, verb, &sentence, &value)
}

/// What other readers remember, as the file `seen` of their memory has it, signed by the log.
fn seen(args: &RestoreArgs, log: &NoteKey) -> Result<BTreeSet<TreeHead>, Failure> {
    let read = |path| -> Result<TreeHead, Failure> {
        let note = Note::parse(&evidence::read(path)?).map_err(LogError::from)?;
        Ok(Checkpoint::open(&note, log).map_err(LogError::from)?.head)
    };
    args.seen.iter().map(|path| read(path)).collect()
}

fn tell_plan(global: &Global, plan: &Plan) -> Result<(), Failure> {
    let show = |head: &TreeHead| format!("{} ({})", place::entries(head.size), head.root.short());
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
    place::tell(global, "Gives up", &sentence, &value)
}
