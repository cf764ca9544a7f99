//! Chapter: read a recipe, its toolchains and their locks, and plan the build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use zwieback_host::fs::given_file::DOCUMENT;
use zwieback_host::project::{OnDisk, Project};
use zwieback_model::bake::plan::{Locked, Plan, PlannedToolchain, Variety};
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;

use super::built::Outputs;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// A plan and the patches that lie beside the recipe.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What to build, from what.
    pub plan: Plan,
    /// The project's top folder; a recheck has none, and finds the folders of its plan in the store.
    pub project: Option<PathBuf>,
    /// The bundles of the recipes it needs, once these are built.
    pub bundles: BTreeMap<Name, Digest>,
    /// Their actions.
    pub actions: BTreeMap<Name, Digest>,
    /// The content of each patch, by its path in the recipe's folder.
    pub patches: BTreeMap<RelPath, Vec<u8>>,
}

/// Reads and plans one recipe.
pub fn recipe(
    project: &Project,
    named: &str,
    variety: &Variety,
    ctx: &Context<'_>,
) -> Result<Planned, PipelineError> {
    let recipe = project.recipe(named)?;
    let toolchains = toolchains(project, &recipe.manifest.recipe.toolchains)?;
    let plan = Plan::new(&locked(&recipe), &locks(&toolchains), variety)?;
    let patches = patches(&recipe)?;
    ctx.tell(&planned(&plan));
    Ok(Planned {
        plan,
        project: Some(project.root().to_owned()),
        bundles: BTreeMap::new(),
        actions: BTreeMap::new(),
        patches,
    })
}

/// Reads toolchains by name.
pub fn toolchains(
    project: &Project,
    names: &[Name],
) -> Result<Vec<OnDisk<Toolchain>>, PipelineError> {
    let read = |name: &Name| Ok(project.toolchain(name.as_str())?);
    names.iter().map(read).collect()
}

/// A manifest from disk as the planner takes it.
pub fn locked<T>(on_disk: &OnDisk<T>) -> Locked<'_, T> {
    Locked {
        manifest: &on_disk.manifest,
        lock: on_disk.lock.as_ref(),
    }
}

/// Several of them.
pub fn locks(toolchains: &[OnDisk<Toolchain>]) -> Vec<Locked<'_, Toolchain>> {
    toolchains.iter().map(locked).collect()
}

impl Planned {
    /// The plan, now that the recipes it needs are built.
    #[must_use]
    pub fn with_needed(mut self, outputs: &Outputs) -> Self {
        for name in &self.plan.recipe.recipe.needs {
            if let Some(built) = outputs.get(name) {
                self.plan.needs.insert(name.clone(), built.outputs);
            }
        }
        self.plan.toolchains = with_made(self.plan.toolchains, outputs);
        let made = self
            .plan
            .toolchains
            .iter()
            .flat_map(|toolchain| toolchain.made.keys());
        for name in self.plan.needs.keys().chain(made) {
            let Some(output) = outputs.get(name) else {
                continue;
            };
            self.actions.insert(name.clone(), output.action);
            if let Some(bundle) = output.bundle {
                self.bundles.insert(name.clone(), bundle);
            }
        }
        self
    }

    /// The digests of the patches: part of the action.
    pub fn patch_digests(&self) -> BTreeMap<RelPath, Digest> {
        self.patches
            .iter()
            .map(|(path, bytes)| (path.clone(), Digest::sha256(bytes)))
            .collect()
    }
}

/// Toolchains, now that the recipes they are made of are built.
pub fn with_made(
    mut toolchains: Vec<PlannedToolchain>,
    outputs: &Outputs,
) -> Vec<PlannedToolchain> {
    for planned in &mut toolchains {
        let recipes = planned.toolchain.recipe.keys();
        let built = recipes.filter_map(|name| {
            let tree = outputs.get(name)?.outputs;
            Some((name.clone(), tree))
        });
        planned.made = built.collect();
    }
    toolchains
}

fn patches(recipe: &OnDisk<Recipe>) -> Result<BTreeMap<RelPath, Vec<u8>>, PipelineError> {
    let named = recipe
        .manifest
        .sources
        .values()
        .flat_map(|source| &source.patches);
    named
        .map(|path| {
            // Beneath the recipe: a link could make a patch of any file of this machine.
            let bytes = recipe.place.read(path.as_str(), DOCUMENT);
            let file = recipe.place.path().join(path.as_path());
            let bytes = bytes.map_err(|source| PipelineError::Io { file, source })?;
            Ok((path.clone(), bytes))
        })
        .collect()
}

/// What to tell of a plan.
pub fn planned(plan: &Plan) -> Event {
    let toolchains = plan.toolchains.iter();
    Event::Planned {
        recipe: plan.recipe.name().clone(),
        version: plan.recipe.recipe.version.clone(),
        steps: plan.recipe.steps.len(),
        sources: plan.recipe.sources.len(),
        toolchains: toolchains
            .map(|toolchain| (toolchain.toolchain.name().clone(), toolchain.size()))
            .collect(),
    }
}
