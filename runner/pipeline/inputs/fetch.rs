//! The story of `zwieback fetch`: all that locks name, into the store, so that no build needs a network.

use zwieback_host::endpoints::table::Named;
use zwieback_host::project::Project;
use zwieback_model::bake::plan::{PlannedToolchain, Variety};
use zwieback_model::locked_input::LockedInput;

use super::endpoints;
use super::obtain;
use crate::pipeline::context::command_context::{Context, Network};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::plan::graph;
use crate::pipeline::plan::read;

/// What recipes and toolchains are made of, and where recipes say that it may be had.
#[derive(Clone, Debug, Default)]
pub struct Provisions {
    /// The files. One that several need is here several times.
    pub inputs: Vec<LockedInput>,
    /// URLs by digest.
    pub named: Named,
}

/// Fetches all that these recipes and toolchains are made of, or all of the project's.
pub fn run(named: Option<&[String]>, ctx: &Context<'_>) -> Result<(), Failure> {
    let project = ctx.project()?;
    let named = named.map_or_else(|| everything(&project), <[String]>::to_vec);
    let wanted = provisions(&project, &named, ctx);
    let fetched = wanted.and_then(|all| obtain::fetch_from(&all.inputs, &all.named, ctx));
    Ok(ctx.settle(fetched)?)
}

/// The same without a network: all of it is in the store, or the error names what is not.
pub fn at_hand(
    project: &Project,
    names: &[String],
    ctx: &Context<'_>,
) -> Result<Provisions, PipelineError> {
    let wanted = provisions(project, names, ctx)?;
    let offline = Context {
        network: Network::Forbidden,
        ..ctx.unobserved()
    };
    obtain::fetch_from(&wanted.inputs, &Named::new(), &offline)?;
    Ok(wanted)
}

/// The names of all that a project has.
pub fn everything(project: &Project) -> Vec<String> {
    [project.toolchains(), project.recipes()].concat()
}

/// What these recipes are made of, with all that they need, and these toolchains.
fn provisions(
    project: &Project,
    names: &[String],
    ctx: &Context<'_>,
) -> Result<Provisions, PipelineError> {
    let toolchains = project.toolchains();
    let (tools, mut recipes): (Vec<_>, Vec<_>) = names
        .iter()
        .cloned()
        .partition(|name| toolchains.contains(name));
    // A recipe may be called as a toolchain is: both are meant.
    let known = project.recipes();
    recipes.extend(tools.iter().filter(|tool| known.contains(tool)).cloned());
    let mut wanted = Provisions::default();
    for name in &tools {
        let toolchain = project.toolchain(name)?;
        let planned = PlannedToolchain::new(&read::locked(&toolchain))?;
        wanted.named.extend(endpoints::named_by(&planned));
        wanted.inputs.extend(planned.inputs);
    }
    let graph = graph::read(project, &recipes)?;
    for name in graph.graph.order() {
        let given = graph.named.get(name).map_or(name.as_str(), String::as_str);
        wanted.add(project, given, ctx)?;
    }
    Ok(wanted)
}

impl Provisions {
    fn add(
        &mut self,
        project: &Project,
        recipe: &str,
        ctx: &Context<'_>,
    ) -> Result<(), PipelineError> {
        let variety = Variety::default();
        let plan = read::recipe(project, recipe, &variety, &ctx.unobserved())?.plan;
        self.named.extend(endpoints::named(&plan));
        self.inputs.extend(plan.all_inputs().cloned());
        Ok(())
    }
}
