//! A statement that was kept without a signature, held against what is found again before a key is asked.
//!
//! The files of a kept run are as good as whoever can write to them. So the outputs are compared again, and
//! the statement is signed only if it says what follows from the runs, the action and that comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::comparison::Reproduced;
use super::record::{Outcome, Record, RunRecord};
use super::statement::{OUTPUTS, SANDBOX, internal, subjects};
use crate::attest::build_type::BUILD_TYPE;
use crate::attest::provenance::{PREDICATE_TYPE, Provenance};
use crate::attest::resource::ResourceDescriptor;
use crate::attest::statement::Statement;
use crate::digest::{Digest, Fingerprint};
use crate::enforcement::LockState;
use crate::json::from_serde::value_of;
use crate::json::value::Value;
use crate::twin::conditions::RunName;

/// What is found besides the outputs.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The logs of the runs, by the names of the byproducts that they are.
    pub logs: &'a BTreeMap<String, Fingerprint>,
    /// The builders that this user's configuration can be, with these runs.
    pub builders: &'a [&'a str],
}

/// Why a kept statement is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignable {
    /// The run does not wait for a signature.
    #[error("run `{0}` does not wait for a signature")]
    NotWaiting(String),
    /// The kept statement or action does not read.
    #[error("its {0} cannot be read")]
    Unreadable(&'static str),
    /// The statement says something else than what is found.
    #[error("its statement's {0} is not what the runs gave")]
    Differs(&'static str),
    /// The two trees that were kept are not the same.
    #[error("the two trees of run `{0}` are not the same")]
    TwoTrees(String),
    /// It speaks for another builder than this user's configuration can be.
    #[error("its statement speaks for the builder {0:?}")]
    Builder(String),
}

/// Makes sure that a statement is the one about a pair of runs whose outputs were just compared again.
pub fn check(
    statement: &Statement,
    record: &Record,
    action: &Action,
    made: &Reproduced,
    found: &Found<'_>,
) -> Result<(), NotSignable> {
    if record.outcome != Outcome::Unsigned {
        return Err(NotSignable::NotWaiting(record.id.clone()));
    }
    must(record.action == action.digest(), "action")?;
    must(record.recipe == *action.recipe.name(), "recipe")?;
    must(statement.predicate_type == PREDICATE_TYPE, "type")?;
    let again = Statement {
        subject: subjects(&action.recipe.recipe, made),
        ..statement.clone()
    };
    // As bytes: a statement that was read has its subjects in the order of their names.
    must(
        again.to_bytes() == statement.to_bytes(),
        "list of artifacts",
    )?;
    let provenance =
        Provenance::read(&statement.predicate).map_err(|_| NotSignable::Unreadable("statement"))?;
    must(provenance.build_type == BUILD_TYPE, "build type")?;
    must(provenance.internal_parameters == internal(action), "action")?;
    let recipe = provenance.external_parameters.get("recipe");
    let ours = value_of(&action.recipe).ok();
    must(recipe.is_some() && recipe == ours.as_ref(), "recipe")?;
    check_inputs(&provenance, action)?;
    check_run(&provenance, record, made)?;
    let log = |(name, print): (&String, &Fingerprint)| {
        let log = ResourceDescriptor::named(name.as_str(), print);
        provenance.byproducts.contains(&log)
    };
    must(found.logs.iter().all(log), "list of logs")?;
    let builder = &provenance.builder.id;
    if found.builders.contains(&builder.as_str()) {
        Ok(())
    } else {
        Err(NotSignable::Builder(builder.clone()))
    }
}

impl NotSignable {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotWaiting(_) => Some("`zwieback build --unsigned` keeps one that does".into()),
            Self::Builder(_) => {
                Some("`sign.builder_id` and `sandbox.allow_absent` must be as for the build".into())
            }
            _ => Some("somebody has changed what was kept: build again".into()),
        }
    }
}

/// Whether a lock of the sandbox was absent in one of the runs.
pub fn is_weak(runs: &[RunRecord]) -> bool {
    let mut locks = runs.iter().flat_map(|run| run.enforcement.iter());
    locks.any(|(_, held)| held.state == LockState::Absent)
}

/// All that the action names went in, and is told.
fn check_inputs(provenance: &Provenance, action: &Action) -> Result<(), NotSignable> {
    let told = provenance.resolved_dependencies.iter();
    let told: BTreeSet<Digest> = told.filter_map(|it| it.digest.get_sha256()).collect();
    let sources = action.sources.values().flat_map(|files| files.values());
    let mut named = sources
        .chain(action.folders.values())
        .chain(action.needs.values())
        .chain(action.patches.values())
        .chain([&action.toolchain]);
    must(named.all(|digest| told.contains(digest)), "list of inputs")
}

/// It is about this pair of runs, what they gave and how they were locked in.
fn check_run(
    provenance: &Provenance,
    record: &Record,
    made: &Reproduced,
) -> Result<(), NotSignable> {
    let id = format!("urn:zwieback:run:{}", record.id);
    must(provenance.metadata.invocation_id == Some(id), "run")?;
    must(
        provenance.metadata.started_on == Some(record.started),
        "time",
    )?;
    let byproduct = |name: &str| {
        let mut all = provenance.byproducts.iter();
        all.find(|byproduct| byproduct.label() == name)
    };
    let whole = byproduct(OUTPUTS).and_then(|it| it.digest.get_sha256());
    must(whole == Some(made.outputs().digest()), "tree of outputs")?;
    let locks = |run| {
        let enforcement = record.run(run).map(|run| value_of(&run.enforcement));
        enforcement.and_then(Result::ok).unwrap_or_default()
    };
    let locks = Value::object([("A", locks(RunName::A)), ("B", locks(RunName::B))]);
    let told = |it: &ResourceDescriptor| it.annotations.get("enforcement") == Some(&locks);
    must(byproduct(SANDBOX).is_some_and(told), "state of the sandbox")
}

fn must(holds: bool, what: &'static str) -> Result<(), NotSignable> {
    if holds {
        Ok(())
    } else {
        Err(NotSignable::Differs(what))
    }
}
