//! `zwieback plan`: show what a build would do, without fetching or starting anything.

use crate::cli::args::build::{GraphForm, PlanArgs};
use crate::cli::args::global::Global;
use crate::cli::screen::answers::{self, Answers};
use crate::cli::session::Session;
use crate::pipeline::context::answer::{Answer, End, Tell as _};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::inspect::plan::{self, PlanOptions};

/// Runs the command.
pub fn run(global: &Global, args: &PlanArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let (ctx, screen) = (session.context(true)?, Answers::new(global));
    if let Some(form) = args.graph {
        let graph = plan::graph(&args.recipes, &ctx)?;
        screen.tell(&Answer::Page(match form {
            GraphForm::Text => graph.to_text(),
            GraphForm::Dot => graph.to_dot(),
            GraphForm::Json => graph.to_json(),
        }))?;
        return Ok(answers::code(End::Done));
    }
    let config = session.config();
    let options = PlanOptions {
        recipes: args.recipes.clone(),
        variety: args.variety.variety(config.build.profile)?,
        jobs: config.build.jobs,
        sandbox: args.sandbox,
    };
    Ok(answers::code(plan::run(&options, &ctx, &screen)?))
}
