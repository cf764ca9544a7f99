//! `zwieback sign`: sign what was built with `--unsigned`.

use zwieback_attest::build::unsigned::NotSignable;
use zwieback_attest::trust::Trust;

use crate::cli::args::global::Global;
use crate::cli::args::trust::SignArgs;
use crate::cli::commands::verdict;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::build::attest::asked_key;
use crate::pipeline::build::record::find;
use crate::pipeline::build::sign::{Terms, sign};
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::trust::evidence::{self, TrustOptions};

/// Runs the command.
pub fn run(global: &Global, args: &SignArgs) -> Result<u8, Failure> {
    let session = Session::open(global)?;
    let config = &session.config;
    let wish = Wish {
        key: config.sign.choice(args.key.as_ref()),
        builder_id: config.sign.builder_id.clone(),
        timestamp: config.sign.timestamp.clone(),
        allow_absent: config.sandbox.allow_absent.clone(),
        export: args.export.clone(),
        ..Wish::default()
    };
    let ctx = session.context(false)?;
    let record = find(&args.run, &ctx)?;
    let signed = terms(args, &wish, &ctx)
        .and_then(|terms| Ok(ctx.settle(sign(&record.id, &wish, &terms, &ctx))?));
    match signed {
        Ok(_) => Ok(exit::DONE),
        // What a verification would refuse is told as it would tell it.
        Err(error) => match error.build() {
            Some(PipelineError::Refused(refusal)) => {
                verdict::refused_or(global, refusal.clone().into())
            }
            _ => verdict::refused_or(global, error),
        },
    }
}

fn terms(args: &SignArgs, wish: &Wish, ctx: &Context<'_>) -> Result<Terms, Failure> {
    let trust = evidence::trust(&TrustOptions {
        key: None,
        root: args.trust.clone(),
    })?;
    let mut terms = Terms {
        statement: args.statement,
        environment: args.environment.clone(),
        ..Terms::default()
    };
    if let Some(path) = &args.policy {
        let key = || -> Result<Trust, Failure> {
            let key = asked_key(wish, ctx)?.ok_or(PipelineError::from(NotSignable::NoKey))?;
            Ok(Trust::Key(Box::new(key)))
        };
        let trust = trust.clone().map_or_else(key, Ok)?;
        let choice = args.unsigned.choice();
        terms.policy = Some(evidence::policy_of(path, (&trust, choice), &terms.rego)?);
    }
    terms.trust = trust;
    Ok(terms)
}
