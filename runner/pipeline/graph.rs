//! Chapter: the recipes that are wanted, and everything they need.

use std::collections::BTreeMap;

use zwieback_core::bake::graph::Graph;
use zwieback_core::name::Name;
use zwieback_host::project::Project;

use super::error::PipelineError;
use super::read;

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
    for given in named {
        let recipe = project.recipe(given)?.manifest;
        given_as.insert(recipe.name().clone(), given.clone());
        let wanted = read::needs(project, &recipe)?;
        open.extend(wanted.iter().cloned());
        needs.insert(recipe.name().clone(), wanted);
    }
    while let Some(name) = open.pop() {
        if needs.contains_key(&name) {
            continue;
        }
        let recipe = project.recipe(name.as_str())?.manifest;
        let wanted = read::needs(project, &recipe)?;
        open.extend(wanted.iter().cloned());
        needs.insert(name, wanted);
    }
    let graph = Graph::new(needs).map_err(|circle| PipelineError::Circle(circle.0))?;
    Ok(Wanted {
        graph,
        named: given_as,
    })
}
