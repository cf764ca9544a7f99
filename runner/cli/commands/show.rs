//! `zwieback show`: what is known of a recipe's last build.

use std::io::Write;

use zwieback_model::amount::seconds;
use zwieback_model::bake::action::ActionResult;
use zwieback_model::bake::record::Record;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::inspect::ShowArgs;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::Session;
use crate::pipeline::build::record;
use crate::pipeline::context::failure::Failure;

/// Runs the command.
pub fn run(global: &Global, args: &ShowArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let ctx = session.context(true)?;
    let record = record::find(&args.what, &ctx)?;
    let result = record::result(&record.action, &ctx)?;
    let text = match global.format {
        Format::Json => format!(
            "{}\n",
            serde_json::json!({ "run": record, "result": result })
        ),
        Format::Human => human(&session, &record, result.as_ref()),
    };
    terminal::stdout().write_all(text.as_bytes())?;
    Ok(exit::DONE)
}

fn human(session: &Session, record: &Record, result: Option<&ActionResult>) -> String {
    let mut lines = vec![
        format!("{} {}", record.recipe, record.version),
        format!(
            "run      {} {} {:?}",
            record.id, record.started, record.outcome
        ),
        format!("action   {}", record.action),
    ];
    for run in &record.runs {
        let steps = run
            .steps
            .iter()
            .map(|step| format!("{} {}", step.step, seconds(step.wall_ms)));
        lines.push(format!(
            "run {:?}    {}",
            run.run,
            steps.collect::<Vec<_>>().join(", ")
        ));
        lines.push(format!("sandbox  {}", run.enforcement));
    }
    if let Some(result) = result {
        lines.push(format!(
            "outputs  {} ({} files)",
            result.outputs, result.files
        ));
        if let Ok(Some(tree)) = session.store.tree(&result.outputs) {
            lines.push(format!("         {}", tree.path().display()));
            let files = tree.tree().files();
            lines.extend(files.map(|(path, file)| format!("         {} {path}", file.sha256)));
        }
        if let Ok(Some(bundle)) = session.store.blob(&result.bundle.sha256) {
            lines.push(format!("bundle   {}", bundle.path().display()));
        }
    }
    lines.join("\n") + "\n"
}
