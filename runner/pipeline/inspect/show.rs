//! `zwieback show`: what is known of a recipe's last build.

use serde_json::json;
use zwieback_model::amount::seconds;
use zwieback_model::bake::action::ActionResult;
use zwieback_model::bake::record::{Record, RunRecord};

use crate::pipeline::build::record;
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::command_context::Context;

/// Runs the command for a recipe, a run or an action.
pub fn run(what: &str, ctx: &Context<'_>, screen: &dyn Tell) -> Ended {
    let record = record::find(what, ctx)?;
    let result = record::result(&record.action, ctx)?;
    let value = json!({ "run": record, "result": result });
    let mut lines = lines(&record);
    lines.extend(result.iter().flat_map(|result| outputs(result, ctx)));
    screen.tell(&Answer::lines(lines, value.to_string()))?;
    Ok(End::Done)
}

fn lines(record: &Record) -> Vec<String> {
    let (id, started, outcome) = (&record.id, record.started, record.outcome);
    let mut lines = vec![
        format!("{} {}", record.recipe, record.version),
        format!("run      {id} {started} {outcome}"),
        format!("action   {}", record.action),
    ];
    let of_run = |run: &RunRecord| {
        let steps = run.steps.iter();
        let steps = steps.map(|step| format!("{} {}", step.step, seconds(step.wall_ms)));
        let steps = steps.collect::<Vec<_>>().join(", ");
        [
            format!("run {}    {steps}", run.run),
            format!("sandbox  {}", run.enforcement),
        ]
    };
    lines.extend(record.runs.iter().flat_map(of_run));
    lines
}

fn outputs(result: &ActionResult, ctx: &Context<'_>) -> Vec<String> {
    let (outputs, files) = (&result.outputs, result.files);
    let mut lines = vec![format!("outputs  {outputs} ({files} files)")];
    if let Ok(Some(tree)) = ctx.store.tree(outputs) {
        lines.push(format!("         {}", tree.path().display()));
        let files = tree.tree().files();
        lines.extend(files.map(|(path, file)| format!("         {} {path}", file.sha256)));
    }
    if let Ok(Some(bundle)) = ctx.store.blob(&result.bundle.sha256) {
        lines.push(format!("bundle   {}", bundle.path().display()));
    }
    lines
}
