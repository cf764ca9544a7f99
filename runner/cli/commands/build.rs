//! `zwieback build`: build recipes twice, compare every byte and sign the result.

use crate::cli::args::build::BuildArgs;
use crate::cli::args::global::Global;
use crate::cli::config::Config;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::build::several::build_all;
use crate::pipeline::context::command_context::{
    AfterFailure, Confirm, Reuse, Runs, Signing, Wish,
};
use crate::pipeline::context::failure::{About as _, Failure};

/// Runs the command.
pub fn run(global: &Global, args: &BuildArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let project = session.project()?;
    let ctx = session.context(args.frozen.is_offline())?;
    let wish = wish(args, &session.config)?;
    let recipes = if args.all {
        project.recipes()
    } else {
        args.recipes.clone()
    };
    ctx.settle(build_all(&project, &recipes, &wish, &ctx))?;
    Ok(exit::DONE)
}

fn wish(args: &BuildArgs, config: &Config) -> Result<Wish, Failure> {
    let timeout = args
        .timeout
        .as_deref()
        .map(str::parse)
        .transpose()
        .context("--timeout")?;
    Ok(Wish {
        variety: args.variety.variety(config.build.profile)?,
        reuse: if args.rebuild {
            Reuse::Forbidden
        } else {
            Reuse::Allowed
        },
        runs: if args.once { Runs::Once } else { Runs::Twice },
        confirm: if args.no_confirm {
            Confirm::Nothing
        } else {
            Confirm::Suspects
        },
        after_failure: if args.fail_fast {
            AfterFailure::BeginNothing
        } else {
            AfterFailure::KeepGoing
        },
        jobs: args.jobs.or(config.build.jobs),
        timeout: timeout.or(config.build.timeout),
        allow_absent: config.sandbox.allow_absent.clone(),
        print_logs: args.print_build_logs,
        keep_failed: args.keep_failed,
        signing: if args.unsigned {
            Signing::Later
        } else {
            Signing::Now
        },
        key: config.sign.choice(args.key.as_ref()),
        builder_id: config.sign.builder_id.clone(),
        timestamp: config.sign.timestamp.clone(),
        export: args.export.clone(),
        out_link: args.out_link.clone(),
    })
}
