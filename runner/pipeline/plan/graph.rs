//! Chapter: the recipes that are wanted, and everything they need.

use std::collections::BTreeMap;

use zwieback_host::project::Project;
use zwieback_model::bake::graph::Graph;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::name::Name;

use crate::pipeline::context::error::PipelineError;

/// Recipes to build, in an order that builds.
#[derive(Debug)]
pub struct Wanted {
    /// Who needs whom.
    pub graph: Graph,
    /// The recipes that were named, as they were named.
    pub named: BTreeMap<Name, String>,
}

/// Reads the named recipes and, one after another, what they need.
pub fn read(project: &Project, named: &[String]) -> Result<Wanted, PipelineError> {
    let mut given_as = BTreeMap::new();
    let mut needs = BTreeMap::new();
    let mut open = Vec::new();
    let mut reading = Reading::of(project);
    for given in named {
        let recipe = project.recipe(given)?.manifest;
        given_as.insert(recipe.name().clone(), given.clone());
        let wanted = reading.needs(&recipe);
        open.extend(wanted.iter().cloned());
        needs.insert(recipe.name().clone(), wanted);
    }
    while let Some(name) = open.pop() {
        if needs.contains_key(&name) {
            continue;
        }
        let recipe = project.recipe(name.as_str())?.manifest;
        let wanted = reading.needs(&recipe);
        open.extend(wanted.iter().cloned());
        needs.insert(name, wanted);
    }
    let graph = Graph::new(needs).map_err(|circle| PipelineError::Circle(circle.0))?;
    Ok(Wanted {
        graph,
        named: given_as,
    })
}

/// What recipes need, and what their toolchains are made of; each toolchain is read once.
pub struct Reading<'a> {
    project: &'a Project,
    made_of: BTreeMap<Name, Vec<Name>>,
}

impl<'a> Reading<'a> {
    /// Nothing read yet.
    pub fn of(project: &'a Project) -> Self {
        let made_of = BTreeMap::new();
        Self { project, made_of }
    }

    /// What has to be built before a recipe: what it names, and what its toolchains are made of.
    pub fn needs(&mut self, recipe: &Recipe) -> Vec<Name> {
        let mut needs = recipe.recipe.needs.clone();
        for toolchain in &recipe.recipe.toolchains {
            needs.extend(self.made_of(toolchain).iter().cloned());
        }
        needs.sort();
        needs.dedup();
        needs
    }

    /// A toolchain that cannot be read is told of by the recipe that uses it, not by all others.
    fn made_of(&mut self, toolchain: &Name) -> &[Name] {
        let made_of = self.made_of.entry(toolchain.clone());
        made_of.or_insert_with(|| {
            let read = self.project.toolchain(toolchain.as_str());
            let recipes = read.map(|it| it.manifest.recipe.into_keys());
            recipes.map(Iterator::collect).unwrap_or_default()
        })
    }
}
