//! Chapter: the statement, its signature and its place in the store.

use std::collections::BTreeMap;
use std::io::Write;

use zwieback_attest::build::statement::{Invocation, statement};
use zwieback_attest::build::unsigned::is_weak;
use zwieback_attest::bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::statement::Statement;
use zwieback_host::keys::signer::seal;
use zwieback_host::run_folder::read_log;
use zwieback_host::store::blob::Expected;
use zwieback_host::store::origin::Origin;
use zwieback_host::time_stamp::stamp;
use zwieback_model::bake::action::Action;
use zwieback_model::bake::comparison::Reproduced;
use zwieback_model::bake::record::{Record, RunRecord};
use zwieback_model::digest::Fingerprint;
use zwieback_model::event::Event;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::manifest::recipe::Head;
use zwieback_model::variation::conditions::RunName;
use zwieback_model::variation::varied::Variation;

use super::embedded::carried;
use crate::pipeline::context::command_context::{Context, Runs, Signing, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::keyring;
use crate::pipeline::inputs::endpoints;
use crate::pipeline::plan::read::Planned;

/// The builder's name when every lock was enforced, at least in part.
const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";
/// The builder's name when the user's configuration allowed a lock to be absent: another mode with
/// other security has another name (SLSA v1.2, provenance, `builder.id`).
const WEAKENED: &str = "https://zwieback.example/builder/weakened-sandbox/v1";

/// Behind a name that an operator chose, for the same.
const WEAKENED_MODE: &str = "#weakened-sandbox";

/// What there is to say about two runs that gave the same: just now, or when they were kept.
pub struct Made<'a> {
    /// What was built.
    pub planned: &'a Planned,
    /// The action.
    pub action: &'a Action,
    /// What both runs gave.
    pub reproduced: &'a Reproduced,
    /// What the builder saw of them, which follows from nothing else.
    pub record: &'a Record,
}

/// Makes sure, before hours are spent, that what is made can be signed as the user wishes.
pub fn check(wish: &Wish, ctx: &Context<'_>) -> Result<(), PipelineError> {
    if wish.signing == Signing::Later {
        return Ok(());
    }
    if wish.runs == Runs::Twice {
        let turn = ctx.shared.turn_to_sign();
        if let Some(asked) = keyring::look(ctx.dirs, &wish.key, ctx.shared.passphrase())? {
            ctx.shared.put_passphrase(asked);
        }
        drop(turn);
        if wish.key.is_file() {
            asked_key(wish, ctx)?;
        }
    }
    match wish.timestamp {
        Some(_) => ctx.check_network("have a signature time-stamped"),
        None => Ok(()),
    }
}

/// The public half of the key that is to sign; none if it has yet to be made.
pub fn asked_key(wish: &Wish, ctx: &Context<'_>) -> Result<Option<PublicKey>, PipelineError> {
    let _turn = ctx.shared.turn_to_sign();
    if ctx.shared.key().is_none()
        && let Some(key) = keyring::public(ctx.dirs, &wish.key, ctx.shared.passphrase())?
    {
        ctx.shared.put_key(key);
    }
    Ok(ctx.shared.key().cloned())
}

/// What there is to sign.
pub fn draft(made: &Made<'_>, wish: &Wish, ctx: &Context<'_>) -> Result<Statement, PipelineError> {
    Ok(statement(
        &made.planned.plan,
        made.action,
        &carried(made.planned, ctx)?,
        made.reproduced,
        invocation(made, wish, ctx)?,
    ))
}

/// Signs a statement about a recipe's outputs and keeps the bundle.
pub fn sign(
    statement: &Statement,
    head: &Head,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Fingerprint, PipelineError> {
    let keyring = {
        let _turn = ctx.shared.turn_to_sign();
        let keyring = keyring::open_with(ctx.dirs, &wish.key, ctx.shared.passphrase())?;
        keyring.must_be(ctx.shared.key())?;
        ctx.shared.put_key(keyring.signer.public_key().clone());
        keyring
    };
    if let Some(fresh) = &keyring.fresh {
        ctx.tell(&Event::Notice {
            message: fresh.notice(),
        });
    }
    let mut bundle = seal(statement, keyring.signer.as_ref())?;
    if let Some(authority) = &wish.timestamp {
        let answer = stamp(
            authority,
            bundle.signature(),
            &endpoints::settings(ctx),
            ctx.stop.fetching(),
        )?;
        bundle = bundle.with_timestamp(answer);
    }
    let mut writer = ctx.store.blob_writer()?;
    writer
        .write_all(&bundle.to_bytes())
        .map_err(PipelineError::io(ctx.store.path()))?;
    let stored = writer.commit(Expected::Anything, Origin::Own)?;
    let name = bundle::file_name(&head.name, &head.version);
    ctx.tell(&Event::Signed {
        bundle: name,
        key: keyring.signer.public_key().id().short(),
    });
    Ok(*stored.content())
}

fn invocation(
    made: &Made<'_>,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Invocation, PipelineError> {
    let record = made.record;
    let nothing = || PipelineError::NothingKept {
        id: record.id.clone(),
    };
    let run = |name| record.run(name).ok_or_else(nothing);
    let (a, b) = (run(RunName::A)?, run(RunName::B)?);
    let locks = |run: &RunRecord| value_of(&run.enforcement).expect("a report is text");
    let enforcement =
        zwieback_model::json::value::Value::object([("A", locks(a)), ("B", locks(b))]);
    let (profile, choice) = (made.action.profile, &made.action.recipe.factors);
    let conditions = (a.conditions.clone(), b.conditions.clone());
    let variation = Variation::between(profile, choice, conditions.0, conditions.1);
    Ok(Invocation {
        builder_id: builder(wish, is_weak(&record.runs)),
        version: record.program.clone().ok_or_else(nothing)?,
        id: format!("urn:zwieback:run:{}", record.id),
        started: record.started,
        finished: record.finished.ok_or_else(nothing)?,
        factors: variation.found(a.witness(), b.witness()),
        needed: made.planned.bundles.clone(),
        enforcement,
        byproducts: logs(&record.id, ctx)?,
    })
}

/// The names that a builder of this configuration can have.
pub fn builders(wish: &Wish) -> Vec<String> {
    let may_be_weak = !wish.allow_absent.is_empty();
    let modes = [false, true].into_iter();
    let modes = modes.filter(|is_weak| may_be_weak || !is_weak);
    modes.map(|is_weak| builder(wish, is_weak)).collect()
}

/// What a builder is called whose locks were all enforced, or were not. A name that an operator chose is for
/// the mode with all locks: whoever trusts it has not been asked about another.
pub fn builder(wish: &Wish, is_weak: bool) -> String {
    match (&wish.builder_id, is_weak) {
        (None, false) => BUILDER.to_owned(),
        (None, true) => WEAKENED.to_owned(),
        (Some(named), false) => named.clone(),
        (Some(named), true) => format!("{named}{WEAKENED_MODE}"),
    }
}

/// The logs of a pair of runs, by the names of the byproducts that they are.
pub fn logs(id: &str, ctx: &Context<'_>) -> Result<BTreeMap<String, Fingerprint>, PipelineError> {
    let mut logs = BTreeMap::new();
    for run in [RunName::A, RunName::B] {
        let bytes = read_log(&ctx.dirs.runs(), id, run)?;
        logs.insert(format!("log of run {run}"), Fingerprint::of(&bytes));
    }
    Ok(logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_with_other_security_has_another_name() {
        for builder_id in [None, Some("https://builder.example/".to_owned())] {
            let mut wish = Wish {
                builder_id,
                ..Wish::default()
            };
            let (strong, weak) = (builder(&wish, false), builder(&wish, true));
            assert_ne!(strong, weak);
            assert_eq!(builders(&wish), std::slice::from_ref(&strong));
            wish.allow_absent = vec!["landlock".to_owned()];
            assert_eq!(builders(&wish), [strong, weak]);
        }
    }
}
