//! Chapter: the statement, its signature and its place in the store.

use std::collections::BTreeMap;
use std::io::Write;

use zwieback_core::attest::bundle;
use zwieback_core::attest::public_key::PublicKey;
use zwieback_core::attest::statement::Statement;
use zwieback_core::bake::action::Action;
use zwieback_core::bake::comparison::Reproduced;
use zwieback_core::bake::statement::{Invocation, statement};
use zwieback_core::bake::unsigned::is_weak;
use zwieback_core::digest::Fingerprint;
use zwieback_core::event::Event;
use zwieback_core::json::from_serde::value_of;
use zwieback_core::manifest::recipe::Head;
use zwieback_core::timestamp::Timestamp;
use zwieback_core::twin::conditions::RunName;
use zwieback_core::twin::variation::Variation;
use zwieback_host::clock;
use zwieback_host::keys::signer::seal;
use zwieback_host::run_folder::read_log;
use zwieback_host::store::blob::Expected;
use zwieback_host::time_stamp::stamp;

use super::carried::carried;
use super::context::{Context, Runs, Signing, Wish};
use super::error::PipelineError;
use super::keyring;
use super::read::Planned;
use super::run::Ran;

/// The builder's name when every lock was enforced, at least in part.
const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";
/// The builder's name when the user's configuration allowed a lock to be absent: another mode with
/// other security has another name (SLSA v1.2, provenance, `builder.id`).
const WEAKENED: &str = "https://zwieback.example/builder/weakened-sandbox/v1";

/// What there is to say about two runs that gave the same.
pub struct Made<'a> {
    /// What was built.
    pub planned: &'a Planned,
    /// The action.
    pub action: &'a Action,
    /// What both runs gave.
    pub reproduced: &'a Reproduced,
    /// The runs.
    pub runs: (&'a Ran, &'a Ran),
    /// How they differed.
    pub variation: &'a Variation,
    /// The name of the invocation.
    pub id: &'a str,
    /// When it started.
    pub started: Timestamp,
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
        let answer = stamp(authority, bundle.signature())?;
        bundle = bundle.with_timestamp(answer);
    }
    let mut writer = ctx.store.blob_writer()?;
    writer
        .write_all(&bundle.to_bytes())
        .map_err(PipelineError::io(ctx.store.path()))?;
    let stored = writer.commit(Expected::Anything)?;
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
    let (a, b) = made.runs;
    let locks = |ran: &Ran| value_of(&ran.record.enforcement).expect("a report is text");
    let enforcement = zwieback_core::json::value::Value::object([("A", locks(a)), ("B", locks(b))]);
    Ok(Invocation {
        builder_id: wish
            .builder_id
            .clone()
            .unwrap_or_else(|| builder(made).to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        id: format!("urn:zwieback:run:{}", made.id),
        started: made.started,
        finished: clock::now(),
        factors: made.variation.found(a.record.witness(), b.record.witness()),
        needed: made.planned.bundles.clone(),
        enforcement,
        byproducts: logs(made.id, ctx)?,
    })
}

/// The names that a builder of this configuration can have.
pub fn builders(wish: &Wish) -> Vec<&str> {
    match (&wish.builder_id, wish.allow_absent.is_empty()) {
        (Some(named), _) => vec![named],
        (None, true) => vec![BUILDER],
        (None, false) => vec![BUILDER, WEAKENED],
    }
}

fn builder(made: &Made<'_>) -> &'static str {
    let (a, b) = made.runs;
    name_of(is_weak(&[a.record.clone(), b.record.clone()]))
}

/// What a builder is called whose locks were all enforced, or were not.
pub fn name_of(is_weak: bool) -> &'static str {
    if is_weak { WEAKENED } else { BUILDER }
}

/// The logs of a pair of runs, by the names of the byproducts that they are.
pub fn logs(id: &str, ctx: &Context<'_>) -> Result<BTreeMap<String, Fingerprint>, PipelineError> {
    let mut logs = BTreeMap::new();
    for run in [RunName::A, RunName::B] {
        let bytes = read_log(&ctx.dirs.runs(), id, run)?;
        logs.insert(format!("log of run {run:?}"), Fingerprint::of(&bytes));
    }
    Ok(logs)
}
