//! The story of `zwieback sign`: a pair of runs that was kept unsigned, compared once more, then signed.

use std::time::Instant;

use zwieback_core::attest::statement::Statement;
use zwieback_core::bake::action::Action;
use zwieback_core::bake::comparison::{Reproduced, compare};
use zwieback_core::bake::completed::Completed;
use zwieback_core::bake::record::{Outcome, Record};
use zwieback_core::bake::unsigned::{self, Found, NotSignable, is_weak};
use zwieback_core::event::Event;
use zwieback_core::manifest::recipe::Recipe;
use zwieback_core::twin::conditions::RunName;
use zwieback_host::run_folder::{self, RunFolder};

use super::attest::{self, name_of};
use super::built::Built;
use super::context::{Context, Wish};
use super::error::PipelineError;
use super::hand_over::hand_over;
use super::keep;

/// Signs what a pair of runs gave, if it is what they gave. The key is asked last.
pub fn sign(id: &str, wish: &Wish, ctx: &Context<'_>) -> Result<Built, PipelineError> {
    let begun = Instant::now();
    let runs = ctx.dirs.runs();
    let folder = RunFolder::reopen(&runs, id)?;
    let record = run_folder::read(&runs, id)?;
    if record.outcome != Outcome::Unsigned {
        return Err(NotSignable::NotWaiting(record.id).into());
    }
    let (statement, action) = kept(&folder)?;
    let made = compare_again(&record, &action.recipe, ctx)?;
    let found = Found {
        logs: &attest::logs(id, ctx)?,
        builders: &builders(&record, wish),
    };
    unsigned::check(&statement, &record, &action, &made, &found)?;
    ctx.tell(&Event::Compared {
        files: made.compared(),
        differing: 0,
    });
    attest::check(wish, ctx)?;
    let bundle = attest::sign(&statement, &action.recipe.recipe, wish, ctx)?;
    let outputs = ctx.tree(&made.outputs().digest())?;
    let built = keep::enter(&record, outputs, bundle, ctx)?;
    let outcome = Outcome::Reproduced;
    folder.write(&Record { outcome, ..record })?;
    ctx.store.remove_root(&keep::root_name(id))?;
    hand_over(&action.recipe, &built, wish, begun, ctx)?;
    Ok(built)
}

fn kept(folder: &RunFolder) -> Result<(Statement, Action), PipelineError> {
    let (statement, action) = folder.read_unsigned()?;
    let statement = Statement::parse(&statement);
    let statement = statement.map_err(|_| NotSignable::Unreadable("statement"))?;
    let action = serde_json::from_slice(&action);
    Ok((
        statement,
        action.map_err(|_| NotSignable::Unreadable("action"))?,
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

/// The name that a builder of these runs has, unless this user has given it another one.
fn builders<'a>(record: &Record, wish: &'a Wish) -> Vec<&'a str> {
    let of_runs = name_of(is_weak(&record.runs));
    let mut names = attest::builders(wish);
    names.retain(|name| wish.builder_id.is_some() || *name == of_runs);
    names
}
