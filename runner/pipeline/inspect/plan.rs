//! `zwieback plan`: what a build would do, without fetching or starting anything.

use zwieback_host::machine;
use zwieback_model::amount::bytes;
use zwieback_model::bake::graph::Graph;
use zwieback_model::bake::plan::{Plan, Variety};
use zwieback_model::variation::conditions::RunName;

use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::plan::graph;
use crate::pipeline::plan::read;
use crate::pipeline::runs::twice::Twin;

/// What is planned, and what of it is shown.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// The recipes.
    pub recipes: Vec<String>,
    /// What differs between the runs, where it is not as the recipe says.
    pub variety: Variety,
    /// CPUs that each run may use.
    pub jobs: Option<u16>,
    /// Whether the sandboxes are shown, operation by operation.
    pub sandbox: bool,
}

/// Which recipe is built before which; all of the project, where none is named.
pub fn graph(named: &[String], ctx: &Context<'_>) -> Result<Graph, Failure> {
    let project = ctx.project()?;
    let all = project.recipes();
    let named = if named.is_empty() { &all } else { named };
    Ok(graph::read(&project, named)?.graph)
}

/// Runs the command.
pub fn run(options: &PlanOptions, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let project = ctx.project()?;
    for recipe in &options.recipes {
        let plan = read::recipe(&project, recipe, &options.variety, ctx)?.plan;
        // Without unpacking the sources only the recipe can say.
        let epoch = plan.recipe.recipe.source_date_epoch.unwrap_or_default();
        let machine = machine::look(options.jobs);
        let limits = ctx.limits_of(&plan.recipe, &Wish::default())?;
        let twin = Twin::plan(&plan, &machine, limits, epoch.into());
        let lines = if options.sandbox {
            sandboxes(&twin)
        } else {
            lines(&plan, &twin)
        };
        screen.tell(&Answer::lines(lines, value(&plan, &twin)?))?;
    }
    Ok(End::Done)
}

fn value(plan: &Plan, twin: &Twin) -> Result<String, Failure> {
    let plan = serde_json::json!({
        "recipe": plan.recipe,
        "profile": plan.profile,
        "inputs": plan.all_inputs().collect::<Vec<_>>(),
        "factors": twin.variation.states(),
        "sandbox": { "A": twin.spec(RunName::A), "B": twin.spec(RunName::B) },
    });
    Ok(serde_json::to_string(&plan)?)
}

fn sandboxes(twin: &Twin) -> Vec<String> {
    let one = |run| format!("run {run}\n{}", twin.spec(run));
    let both = format!("{}\n{}", one(RunName::A), one(RunName::B));
    both.lines().map(str::to_owned).collect()
}

fn lines(plan: &Plan, twin: &Twin) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |kind: &str, rest: String| lines.push(format!("{kind:<10} {rest}"));
    for (name, source) in &plan.recipe.sources {
        let files = plan.inputs_of(name).map(|input| input.file.as_str());
        let files = files.collect::<Vec<_>>().join(", ");
        line("source", format!("{name} {} ({files})", source.label()));
    }
    for toolchain in &plan.toolchains {
        let size = bytes(toolchain.inputs.iter().map(|input| input.size).sum());
        let (name, count) = (toolchain.toolchain.name(), toolchain.inputs.len());
        line("toolchain", format!("{name} ({count} packages, {size})"));
    }
    for step in &plan.recipe.steps {
        let run = step.run.trim().replace('\n', "; ");
        line("step", format!("{}: {run}", step.name));
    }
    for (name, glob) in &plan.recipe.outputs {
        line("output", format!("{name}: {glob}"));
    }
    for (factor, state) in twin.variation.states() {
        let (word, detail) = (state.word(), state.detail().unwrap_or_default());
        line("factor", format!("{factor:<14} {word:<12} {detail}"));
    }
    lines
}
