//! The story of `zwieback shell`: the sandbox as a step sees it, for a person or for one command.

use std::collections::BTreeMap;

use zwieback_host::machine;
use zwieback_host::project::{OnDisk, Project};
use zwieback_model::bake::plan::PlannedToolchain;
use zwieback_model::digest::Digest;
use zwieback_model::manifest::recipe;
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;
use zwieback_model::sandbox_spec::environment::Environment;
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::tracing::Tracing;
use zwieback_model::variation::choice::Choice;
use zwieback_model::variation::profile::Profile;
use zwieback_model::variation::spec;
use zwieback_model::variation::varied::Variation;
use zwieback_sandbox::handle::SupervisorHandle;
use zwieback_sandbox::sandbox::Sources as Disks;
use zwieback_sandbox::starting::Starting;
use zwieback_sandbox::step::{Command, Ending};

use crate::pipeline::build::several::build_needed;
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inputs::endpoints;
use crate::pipeline::inputs::obtain;
use crate::pipeline::inputs::sources::{self, Sources, patch_list};
use crate::pipeline::inputs::toolchain;
use crate::pipeline::inputs::toolchain_cache::{self, Ground};
use crate::pipeline::plan::graph::Reading;
use crate::pipeline::plan::read::{self, Planned};
use crate::pipeline::runs::mounts;

/// The toolchain that is entered where nothing is named.
const DEFAULT: &str = "c";

/// What to enter.
#[derive(Clone, Debug, Default)]
pub struct Entrance {
    /// The recipe whose sources are staged.
    pub recipe: Option<String>,
    /// Toolchains in place of the recipe's.
    pub toolchains: Vec<String>,
    /// What to run; a shell if nothing.
    pub command: Vec<String>,
}

/// Enters the sandbox, and answers with the exit code of what ran there.
pub fn run(
    entrance: &Entrance,
    wish: &Wish,
    supervisor: SupervisorHandle,
    ctx: &Context<'_>,
) -> Result<u8, Failure> {
    Ok(enter(&ctx.project()?, entrance, wish, supervisor, ctx)?)
}

fn enter(
    project: &Project,
    entrance: &Entrance,
    wish: &Wish,
    supervisor: SupervisorHandle,
    ctx: &Context<'_>,
) -> Result<u8, PipelineError> {
    let planned = match &entrance.recipe {
        Some(named) => {
            let planned = read::recipe(project, named, &wish.variety, ctx)?;
            Some(with_needed(project, planned, wish, ctx)?)
        }
        None => None,
    };
    let recipe = planned.as_ref().map(|planned| &planned.plan.recipe);
    let asked = recipe.map_or_else(recipe::Limits::default, |recipe| recipe.limits.clone());
    let timeout = wish.timeout.map(|time| time.0);
    let limits = ctx.ceilings.limits(&asked, timeout)?;
    let ground = match (&planned, entrance.toolchains.is_empty()) {
        (Some(planned), true) => ground(&planned.plan.toolchains, ctx)?.0,
        _ => named_ground(project, &entrance.toolchains, wish, ctx)?,
    };
    let sources = match &planned {
        Some(planned) => {
            let named = endpoints::named(&planned.plan);
            obtain::fetch_from(&planned.plan.inputs, &named, ctx)?;
            Some(sources::unpack_all(planned, ctx)?)
        }
        None => None,
    };
    let variation = Variation::plan(
        Profile::default(),
        &Choice::default(),
        &machine::glance(wish.jobs),
        0,
    );
    let epoch = sources
        .as_ref()
        .map_or(sources::EARLIEST, |it| it.source_date_epoch);
    let spec = spec(&variation, recipe, epoch, &ground.environment, limits);
    let disks = Disks {
        toolchain: ground.tree,
        empty: ctx.store.empty(),
        trees: BTreeMap::new(),
        disks: BTreeMap::new(),
    };
    let switch = ctx.stop.switch().map_err(PipelineError::Descriptor)?;
    let starting = Starting::begin(supervisor, &spec, disks, &switch)?;
    let command = command(entrance, sources.as_ref());
    let (sandbox, outcome) = match (&planned, &sources) {
        (Some(planned), Some(sources)) => {
            let mut sandbox = starting.ready()?;
            mounts::stage(&sandbox, sources, &variation.a, ctx)?;
            mounts::patch(&mut sandbox, &patch_list(&planned.plan), &variation.a)?;
            let outcome = sandbox.run_interactive(&command)?;
            (sandbox, outcome)
        }
        _ => starting.run_interactive(&command)?,
    };
    sandbox.leave();
    code(outcome.ending)
}

/// The recipe, with the outputs of whatever has to be built before anybody can enter.
fn with_needed(
    project: &Project,
    planned: Planned,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Planned, PipelineError> {
    let needs = Reading::of(project).needs(&planned.plan.recipe);
    let names: Vec<String> = needs.iter().map(Name::to_string).collect();
    Ok(planned.with_needed(&build_needed(project, &names, wish, ctx)?))
}

/// The tree of toolchains, put together if need be, and their environment.
fn ground(
    toolchains: &[PlannedToolchain],
    ctx: &Context<'_>,
) -> Result<(Ground, Digest), PipelineError> {
    let (tree, digest) = toolchain::place(toolchains, ctx)?;
    let environments = toolchains
        .iter()
        .flat_map(|toolchain| toolchain.toolchain.env.clone());
    let environment = environments.collect();
    Ok((Ground { tree, environment }, digest))
}

/// The same for toolchains that are named, without reading them if they were entered before.
fn named_ground(
    project: &Project,
    names: &[String],
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Ground, PipelineError> {
    let default = [DEFAULT.to_owned()];
    let names = if names.is_empty() { &default } else { names };
    let key = toolchain_cache::key(project, names);
    if let Some(key) = &key
        && let Some(ground) = toolchain_cache::recall(key, ctx)?
    {
        return Ok(ground);
    }
    let toolchains = read_toolchains(project, names)?;
    let recipes = toolchains
        .iter()
        .flat_map(|toolchain| toolchain.toolchain.recipe.keys());
    let recipes: Vec<String> = recipes.map(Name::to_string).collect();
    let outputs = build_needed(project, &recipes, wish, ctx)?;
    let (ground, tree) = ground(&read::with_made(toolchains, &outputs), ctx)?;
    // What a toolchain is made of may change though its own text does not.
    if recipes.is_empty()
        && let Some(key) = &key
    {
        toolchain_cache::remember(key, tree, &ground.environment, ctx)?;
    }
    Ok(ground)
}

fn read_toolchains(
    project: &Project,
    names: &[String],
) -> Result<Vec<PlannedToolchain>, PipelineError> {
    names
        .iter()
        .map(|name| {
            let on_disk: OnDisk<Toolchain> = project.toolchain(name)?;
            Ok(PlannedToolchain::new(&read::locked(&on_disk))?)
        })
        .collect()
}

fn spec(
    variation: &Variation,
    recipe: Option<&recipe::Recipe>,
    epoch: i64,
    toolchain: &Environment,
    limits: Limits,
) -> SandboxSpec {
    let own = recipe.map_or_else(Environment::new, |recipe| recipe.env.clone());
    let mut spec = spec::sandbox(&variation.a, limits, epoch, toolchain, &own);
    spec.machine.tracing = recipe.map_or_else(Tracing::default, |it| it.recipe.needs_ptrace);
    spec
}

fn command(entrance: &Entrance, sources: Option<&Sources>) -> Command {
    let mut command = if entrance.command.is_empty() {
        Command::new(["/bin/sh"])
    } else {
        Command::new(entrance.command.iter().cloned())
    };
    // With a single source, a step would most likely start there.
    let only = sources
        .filter(|source| source.trees.len() == 1)
        .and_then(|it| it.trees.keys().next());
    if let Some(name) = only.map(Name::as_str) {
        command.dir = format!("{}/{name}", command.dir);
    }
    command
}

/// As shells report it: the code, or 128 and the signal.
fn code(ending: Ending) -> Result<u8, PipelineError> {
    match ending {
        Ending::Exited(code) => Ok(code),
        Ending::Signalled(signal) => Ok(128 + u8::try_from(signal).unwrap_or_default()),
        Ending::LimitReached(limit) => Err(PipelineError::ShellLimited {
            limit: limit.to_string(),
        }),
        Ending::Cancelled => Err(PipelineError::Interrupted),
    }
}
