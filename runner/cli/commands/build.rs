//! `zwieback build`, `lock` and `fetch`: recipes and what they are made of.

use crate::cli::args::build::{BuildArgs, FetchArgs, LockArgs};
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::build::several;
use crate::pipeline::context::command_context::{
    AfterFailure, Confirm, Reuse, Runs, Signing, Wish,
};
use crate::pipeline::context::configuration::Config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::inputs::fetch;
use crate::pipeline::lock::several::{self as locks, LockOptions};

/// `zwieback build`: build recipes twice, compare every byte and sign the result.
pub fn build(global: &Global, args: &BuildArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let ctx = session.context(args.frozen.is_offline())?;
    // As clap has it, recipes are named unless all are meant.
    let named = (!args.all).then_some(args.recipes.as_slice());
    several::run(named, &wish(args, session.config())?, &ctx)?;
    Ok(exit::DONE)
}

/// `zwieback lock`: pin every input by digest.
pub fn lock(global: &Global, args: &LockArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let options = LockOptions {
        names: args.names.clone(),
        update: args.update,
        check: args.check,
    };
    locks::run(&options, &session.context(false)?)?;
    Ok(exit::DONE)
}

/// `zwieback fetch`: fetch what the locks name into the store.
pub fn fetch(global: &Global, args: &FetchArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let named = (!args.all).then_some(args.names.as_slice());
    fetch::run(named, &session.context(false)?)?;
    Ok(exit::DONE)
}

fn wish(args: &BuildArgs, config: &Config) -> Result<Wish, Failure> {
    let timeout = args
        .timeout
        .as_deref()
        .map(str::parse)
        .transpose()
        .context("--timeout")?;
    let configured = config.wish(args.key.as_ref());
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
        jobs: args.jobs.or(configured.jobs),
        timeout: timeout.or(configured.timeout),
        print_logs: args.print_build_logs,
        keep_failed: args.keep_failed,
        signing: if args.unsigned {
            Signing::Later
        } else {
            Signing::Now
        },
        export: args.export.clone(),
        out_link: args.out_link.clone(),
        ..configured
    })
}
