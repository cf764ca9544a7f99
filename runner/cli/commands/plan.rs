//! `zwieback plan`: show what a build would do, without fetching or starting anything.

use std::fmt::Write as _;
use std::io::Write as _;

use zwieback_host::machine;
use zwieback_host::project::Project;
use zwieback_model::variation::conditions::RunName;

use crate::cli::args::build::{GraphForm, PlanArgs};
use crate::cli::args::global::{Format, Global};
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::plan::graph;
use crate::pipeline::plan::read::{self, Planned};
use crate::pipeline::runs::twice::Twin;

/// Runs the command.
pub fn run(global: &Global, args: &PlanArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let project = session.project()?;
    let ctx = session.context(true)?;
    if let Some(form) = args.graph {
        return graph(&project, &args.recipes, form);
    }
    for recipe in &args.recipes {
        one(recipe, &project, &session, args, global.format, &ctx)?;
    }
    Ok(exit::DONE)
}

fn graph(project: &Project, named: &[String], form: GraphForm) -> Result<u8, Failure> {
    let all = project.recipes();
    let named = if named.is_empty() { &all } else { named };
    let graph = graph::read(project, named)?.graph;
    let text = match form {
        GraphForm::Text => graph.to_text(),
        GraphForm::Dot => graph.to_dot(),
        GraphForm::Json => graph.to_json(),
    };
    terminal::stdout().write_all(text.as_bytes())?;
    Ok(exit::DONE)
}

fn one(
    recipe: &str,
    project: &Project,
    session: &Session,
    args: &PlanArgs,
    format: Format,
    ctx: &Context<'_>,
) -> Result<(), Failure> {
    let variety = args.variety.variety(session.config.build.profile)?;
    let planned = read::recipe(project, recipe, &variety, ctx)?;
    // Without unpacking the sources only the recipe can say.
    let epoch = planned
        .plan
        .recipe
        .recipe
        .source_date_epoch
        .unwrap_or_default();
    let twin = Twin::plan(
        &planned.plan,
        &machine::look(session.config.build.jobs),
        ctx.limits_of(&planned.plan.recipe, &Wish::default())?,
        epoch.into(),
    );
    let text = match (format, args.sandbox) {
        (Format::Json, _) => json(&planned, &twin)?,
        (Format::Human, true) => sandboxes(&twin),
        (Format::Human, false) => human(&planned, &twin),
    };
    Ok(terminal::stdout().write_all(text.as_bytes())?)
}

fn json(planned: &Planned, twin: &Twin) -> Result<String, Failure> {
    let plan = serde_json::json!({
        "recipe": planned.plan.recipe,
        "profile": planned.plan.profile,
        "inputs": planned.plan.all_inputs().collect::<Vec<_>>(),
        "factors": twin.variation.states(),
        "sandbox": { "A": twin.spec(RunName::A), "B": twin.spec(RunName::B) },
    });
    Ok(format!("{}\n", serde_json::to_string(&plan)?))
}

fn sandboxes(twin: &Twin) -> String {
    let one = |run| format!("run {run:?}\n{}", twin.spec(run));
    format!("{}\n{}", one(RunName::A), one(RunName::B))
}

fn human(planned: &Planned, twin: &Twin) -> String {
    let mut text = String::new();
    for (name, source) in &planned.plan.recipe.sources {
        let files: Vec<_> = planned
            .plan
            .inputs_of(name)
            .map(|input| input.file.as_str())
            .collect();
        line(
            &mut text,
            "source",
            &format!("{name} {} ({})", source.label(), files.join(", ")),
        );
    }
    for toolchain in &planned.plan.toolchains {
        let bytes: u64 = toolchain.inputs.iter().map(|input| input.size).sum();
        let size = zwieback_model::amount::bytes(bytes);
        line(
            &mut text,
            "toolchain",
            &format!(
                "{} ({} packages, {size})",
                toolchain.toolchain.name(),
                toolchain.inputs.len()
            ),
        );
    }
    for step in &planned.plan.recipe.steps {
        line(
            &mut text,
            "step",
            &format!("{}: {}", step.name, step.run.trim().replace('\n', "; ")),
        );
    }
    for (name, glob) in &planned.plan.recipe.outputs {
        line(&mut text, "output", &format!("{name}: {glob}"));
    }
    for (factor, state) in twin.variation.states() {
        let detail = state.detail().unwrap_or_default();
        line(
            &mut text,
            "factor",
            format!("{factor:<14} {:<12} {detail}", state.word()).trim_end(),
        );
    }
    text
}

fn line(text: &mut String, kind: &str, rest: &str) {
    writeln!(text, "{kind:<10} {rest}").expect("writing to a string cannot fail");
}
