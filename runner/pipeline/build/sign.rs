//! The story of `zwieback sign`: a pair of runs that was kept unsigned, compared once more, then signed.
//!
//! The statement is made here, from what was asked for and what is found: manifests and locks are read by
//! their rules again, the toolchain is put together and the sources are unpacked from what the locks name,
//! both trees are read and compared. Only what the builder saw of its runs is taken from their record.

use std::collections::BTreeMap;
use std::time::Instant;

use zwieback_attest::build::unsigned::{
    self, KeptPlan, NeededAction, NotSignable, PlanAgain, is_weak,
};
use zwieback_attest::build_type::ForeignBuildTypes;
use zwieback_attest::policy::decide::decide;
use zwieback_attest::policy::question::Question;
use zwieback_attest::policy::signed::KnownPolicy;
use zwieback_attest::statement::Statement;
use zwieback_attest::trust::Trust;
use zwieback_attest::verify::foresee;
use zwieback_host::clock;
use zwieback_host::rego::RegoProcess;
use zwieback_host::run_folder::{self, RunFolder};
use zwieback_model::bake::action::Action;
use zwieback_model::bake::comparison::{Reproduced, compare};
use zwieback_model::bake::completed::Completed;
use zwieback_model::bake::record::{Outcome, Record};
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::name::Name;
use zwieback_model::variation::conditions::RunName;

use super::attest::{self, Made};
use super::cache_lookup;
use super::deliver::hand_over;
use super::keep;
use super::secret_search::Suspects;
use super::secrets;
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::endpoints;
use crate::pipeline::inputs::obtain;
use crate::pipeline::inputs::sources;
use crate::pipeline::inputs::toolchain;
use crate::pipeline::plan::built::Built;
use crate::pipeline::plan::read::Planned;

type Needed = BTreeMap<Name, NeededAction>;

/// What is asked of a statement before the key is asked.
#[derive(Debug, Default)]
pub struct Terms {
    /// The digest that was told when it was built.
    pub statement: Option<Digest>,
    /// Whom to believe; without a root the key that signs, for whatever it says.
    pub trust: Option<Trust>,
    /// What is asked besides.
    pub policy: Option<KnownPolicy>,
    /// Where the artifacts are to be used.
    pub environment: Option<Name>,
    /// Who evaluates the policy's Rego modules.
    pub rego: RegoProcess,
}

/// Signs what a pair of runs gave, if it is what they gave. The key is asked last.
pub fn sign(
    id: &str,
    wish: &Wish,
    terms: &Terms,
    ctx: &Context<'_>,
) -> Result<Built, PipelineError> {
    let begun = Instant::now();
    let runs = ctx.dirs.runs();
    let folder = RunFolder::reopen(&runs, id)?;
    let record = run_folder::read(&runs, id)?;
    unsigned::check_waits(&record)?;
    let (planned, needed) = planned(&folder, &record)?;
    let recipe = &planned.plan.recipe;
    let action = action(&planned, ctx)?;
    unsigned::check(&record, &action, env!("CARGO_PKG_VERSION"))?;
    let made = compare_again(&record, recipe, ctx)?;
    check_builder(&record, wish)?;
    let draft = |planned: &Planned| {
        let made = Made {
            planned,
            action: &action,
            reproduced: &made,
            record: &record,
        };
        attest::draft(&made, wish, ctx)
    };
    check_digest(&draft(&planned)?, &record, terms)?;
    let statement = draft(&with_bundles(planned.clone(), needed, wish, ctx)?)?;
    ctx.tell(&Event::Compared {
        files: made.compared(),
        differing: 0,
    });
    let outputs = ctx.tree(&made.outputs().digest())?;
    let suspects = Suspects {
        statement: Some(&statement),
        recipe,
        stored: &outputs,
        outputs: made.outputs(),
        id,
        runs: &[RunName::A, RunName::B],
    };
    secrets::refuse(&suspects, ctx)?;
    attest::check(wish, ctx)?;
    check_policy(&statement, terms, wish, ctx)?;
    let bundle = attest::sign(&statement, &recipe.recipe, wish, ctx)?;
    let built = keep::enter(&record, outputs, bundle, ctx)?;
    let outcome = Outcome::Reproduced;
    folder.write(&Record { outcome, ..record })?;
    ctx.store.remove_root(&keep::root_name(id))?;
    hand_over(recipe, &built, wish, begun, ctx)?;
    Ok(built)
}

/// What was to be built, and what it needs.
fn planned(folder: &RunFolder, record: &Record) -> Result<(Planned, Needed), PipelineError> {
    let kept = folder.read_plan()?;
    let kept = kept.ok_or_else(|| NotSignable::Earlier(record.id.clone()))?;
    let kept: Result<KeptPlan, _> = serde_json::from_slice(&kept);
    let PlanAgain {
        plan,
        needed,
        patches,
    } = kept.map_err(|_| NotSignable::Unreadable("plan"))?.read()?;
    let planned = Planned {
        plan,
        project: None,
        bundles: [].into(),
        actions: [].into(),
        patches,
    };
    Ok((planned, needed))
}

/// The same with the bundles of what it needs. When it was built nobody had signed them.
fn with_bundles(
    mut planned: Planned,
    needed: Needed,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Planned, PipelineError> {
    for (name, need) in needed {
        let bundle = cache_lookup::bundle(need.action, need.tree, wish, ctx)?;
        let bundle = bundle.ok_or_else(|| NotSignable::Needed(name.clone()))?;
        planned.bundles.insert(name, bundle);
    }
    Ok(planned)
}

/// The action, from the bytes that the locks name and from nothing that was kept.
fn action(planned: &Planned, ctx: &Context<'_>) -> Result<Action, PipelineError> {
    let plan = &planned.plan;
    obtain::fetch_from(plan.all_inputs(), &endpoints::named(plan), ctx)?;
    let root = toolchain::assemble(&plan.toolchains, ctx)?;
    // Their lockfiles are held against the lock.
    sources::unpack_all(planned, ctx)?;
    let patches = planned.patch_digests();
    Ok(Action::new(
        plan,
        cache_lookup::PLATFORM,
        *root.digest(),
        patches,
    ))
}

/// Reads every byte of both trees, and compares them as if the runs had ended just now: what the record
/// says came of that is not believed.
fn compare_again(
    record: &Record,
    recipe: &Recipe,
    ctx: &Context<'_>,
) -> Result<Reproduced, PipelineError> {
    let again = |name| -> Result<Completed, PipelineError> {
        let nothing = || PipelineError::NothingKept {
            id: record.id.clone(),
        };
        let run = record.run(name).ok_or_else(nothing)?;
        let tree = ctx.tree(&run.outputs.ok_or_else(nothing)?)?;
        tree.check_whole()?;
        let completed = Completed::new(recipe, &run.steps, tree.tree());
        completed.map_err(|source| PipelineError::Incomplete { run: name, source })
    };
    let differ = |_| NotSignable::TwoTrees(record.id.clone());
    let made = compare(&again(RunName::A)?, &again(RunName::B)?).map_err(differ)?;
    ctx.tree(&made.outputs().digest())?.check_whole()?;
    Ok(made)
}

/// Runs with a lock that was absent are of a mode that this user's configuration must allow.
fn check_builder(record: &Record, wish: &Wish) -> Result<(), NotSignable> {
    let builder = attest::builder(wish, is_weak(&record.runs));
    if attest::builders(wish).contains(&builder) {
        Ok(())
    } else {
        Err(NotSignable::Builder(builder))
    }
}

/// What was kept must make the statement that the builder had: byte for byte, whoever changed which file.
fn check_digest(statement: &Statement, record: &Record, terms: &Terms) -> Result<(), NotSignable> {
    let found = Digest::sha256(&statement.to_bytes());
    let kept = record.statement.ok_or(NotSignable::Unreadable("record"))?;
    let asked = [Some(kept), terms.statement].into_iter().flatten();
    match asked.into_iter().find(|asked| *asked != found) {
        Some(asked) => Err(NotSignable::OtherStatement { asked, found }),
        None => Ok(()),
    }
}

/// The policy, as if the key had signed already.
fn check_policy(
    statement: &Statement,
    terms: &Terms,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    if terms.trust.is_none() && terms.policy.is_none() {
        return Ok(());
    }
    let key = attest::asked_key(wish, ctx)?.ok_or(NotSignable::NoKey)?;
    let own = Trust::Key(Box::new(key.clone()));
    let trust = terms.trust.as_ref().unwrap_or(&own);
    let none = ForeignBuildTypes::new();
    let foreseen = foresee(&statement.to_bytes(), key.id(), trust, &none, clock::now())?;
    let Some(policy) = &terms.policy else {
        return Ok(());
    };
    let decision = decide(&Question {
        policy,
        environment: terms.environment.as_ref(),
        builds: &[foreseen],
        trust,
        known: None,
        rego: &terms.rego,
        now: clock::now(),
    })?;
    Ok(decision.verdict()?)
}
