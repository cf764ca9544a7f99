//! The way back after a restored backup: keepers say so in the log, and memories give up what was lost.

use std::collections::BTreeSet;

use zwieback_attest::statement::Statement;
use zwieback_host::keys::signer::seal;
use zwieback_model::timestamp::Timestamp;

use super::error::CommandError;
use super::session::{Reader, Session};
use crate::log::append::Submission;
use crate::log::error::LogError;
use crate::reason::{Reason, Refusal};
use crate::state::record::{Line, RestorationRecord};
use crate::statement::restoration::Restoration;
use crate::tlog::proof::TreeHead;

/// What `log restore` takes.
#[derive(Clone, Debug)]
pub struct Restore {
    /// Why.
    pub reason: String,
    /// Until when memories take it.
    pub expires: Timestamp,
    /// Newest trees that other readers remember.
    pub seen: BTreeSet<TreeHead>,
}

/// What a restoration would say: shown before anything is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The trees that are given up.
    pub old: BTreeSet<TreeHead>,
    /// The tree that the log was put back to.
    pub new: TreeHead,
}

/// What was recorded.
#[derive(Debug)]
pub struct Restored {
    /// The entry.
    pub line: Line,
    /// What is missing, so that whoever remembers what this user does refuses the log still. Where nothing is,
    /// this user's memory is of the log as it is now.
    pub missing: Option<Missing>,
}

/// Why readers refuse a log still about which a keeper said that it was put back.
#[derive(Debug)]
pub enum Missing {
    /// Too few keepers have said the same.
    Keepers,
    /// Enough have, but too few of them are keepers of a newer policy that was seen here.
    NewerKeepers {
        /// Its version.
        version: u64,
    },
    /// Something else is wrong with the log.
    Belief(LogError),
}

/// What is lost. A restoration that other keepers have begun is continued, word by word.
pub fn plan(reader: &Reader<'_>, wish: &Restore) -> Result<Plan, CommandError> {
    let (put_back, state) = reader.ledger.put_back(reader.now)?;
    let lost: BTreeSet<TreeHead> = put_back.lost().iter().chain(&wish.seen).copied().collect();
    if lost.iter().all(|head| put_back.extends(*head)) {
        return Err(Refusal::new(Reason::NothingToRestore, state.log()).into());
    }
    let begun = state
        .restorations()
        .find(|restored| restored.old.is_superset(&lost) && reader.now < restored.expires);
    Ok(match begun {
        Some(restored) => Plan {
            old: restored.old.clone(),
            new: restored.new,
        },
        None => Plan {
            old: lost,
            new: put_back.head(),
        },
    })
}

/// The statement.
pub fn restoration(
    reader: &Reader<'_>,
    wish: &Restore,
    plan: &Plan,
) -> Result<Statement, CommandError> {
    let (_, state) = reader.ledger.put_back(reader.now)?;
    let mut heading = reader.heading_without_memory();
    heading.log_id = Some(state.log_id());
    let restoration = Restoration {
        heading,
        old: plan.old.clone(),
        new: plan.new,
        reason: wish.reason.clone(),
        expires: wish.expires,
    };
    Ok(restoration.into_statement())
}

impl Restored {
    /// Whether readers go on with the log who remember what this user did.
    pub fn is_accepted(&self) -> bool {
        self.missing.is_none()
    }
}

/// Signs it and has it recorded. The log is read again if enough keepers have said so by now.
pub fn restore(
    session: &Session<'_>,
    wish: &Restore,
    plan: &Plan,
) -> Result<Restored, CommandError> {
    let statement = restoration(&session.reader, wish, plan)?;
    let bundle = seal(&statement, session.signer).map_err(LogError::from)?;
    let submission = Submission::new(&bundle, session.signer.public_key())?;
    let (lock, reader) = session.reader.hold_log()?;
    let (put_back, mut state) = reader.ledger.put_back(reader.now)?;
    let line = submission.fold_into(&mut state);
    if let Err(refusal) = &line.outcome {
        return Err(refusal.clone().into());
    }
    put_back.append(&lock, &[submission], session.log)?;
    drop((put_back, lock));
    let missing = missing(&reader, plan)?;
    Ok(Restored { line, missing })
}

/// What readers lack. A user whose own memory holds nothing that was lost would believe the log as it is, and
/// learns what those need who remember more.
fn missing(reader: &Reader<'_>, plan: &Plan) -> Result<Option<Missing>, CommandError> {
    let ledger = reader.ledger;
    let (put_back, state) = ledger.put_back(reader.now)?;
    drop(put_back);
    let all = state.restorations();
    let agreed = all.filter(|restored| {
        restored.old == plan.old && restored.new == plan.new && state.is_restored(restored)
    });
    let agreed: Vec<&RestorationRecord> = agreed.collect();
    if agreed.is_empty() {
        return Ok(Some(Missing::Keepers));
    }
    if let Some(policy) = ledger.newest_policy()? {
        let mut agreed = agreed.iter();
        if !agreed.any(|restored| state.is_restored_under(restored, &policy)) {
            let version = policy.release.version;
            return Ok(Some(Missing::NewerKeepers { version }));
        }
    }
    Ok(ledger.believe(reader.now).err().map(Missing::Belief))
}
