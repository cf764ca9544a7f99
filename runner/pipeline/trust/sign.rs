//! `zwieback sign`: whom to believe and what to ask, by their files, before a kept pair of runs is signed.

use std::path::PathBuf;

use zwieback_attest::build::unsigned::NotSignable;
use zwieback_attest::trust::Trust;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::evidence::{self, TrustOptions};
use super::policy_file::UnsignedPolicy;
use crate::pipeline::build::attest::asked_key;
use crate::pipeline::build::record::find;
use crate::pipeline::build::sign::{Terms, sign};
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::Failure;

/// What is signed, and on what terms.
#[derive(Clone, Debug)]
pub struct SignOptions {
    /// The run.
    pub run: String,
    /// The digest of the statement, as it was told when it was built.
    pub statement: Option<Digest>,
    /// A trust root that must let the key speak.
    pub trust: Option<PathBuf>,
    /// A policy that must be content.
    pub policy: Option<PathBuf>,
    /// Whether it counts though nobody signed it.
    pub unsigned: UnsignedPolicy,
    /// Where the artifacts are to be used.
    pub environment: Option<Name>,
}

/// Runs the command.
pub fn run(options: &SignOptions, wish: &Wish, ctx: &Context<'_>) -> Result<(), Failure> {
    let record = find(&options.run, ctx)?;
    let terms = terms(options, wish, ctx)?;
    match ctx.settle(sign(&record.id, wish, &terms, ctx)) {
        // What a verification would refuse is refused as by one.
        Err(PipelineError::Refused(refusal)) => Err(refusal.into()),
        signed => Ok(signed.map(drop)?),
    }
}

fn terms(options: &SignOptions, wish: &Wish, ctx: &Context<'_>) -> Result<Terms, Failure> {
    let trust = evidence::trust(&TrustOptions {
        key: None,
        root: options.trust.clone(),
    })?;
    let mut terms = Terms {
        statement: options.statement,
        environment: options.environment.clone(),
        ..Terms::default()
    };
    if let Some(path) = &options.policy {
        let key = || -> Result<Trust, Failure> {
            let key = asked_key(wish, ctx)?.ok_or(PipelineError::from(NotSignable::NoKey))?;
            Ok(Trust::Key(Box::new(key)))
        };
        let trust = trust.clone().map_or_else(key, Ok)?;
        let whom = (&trust, options.unsigned);
        terms.policy = Some(evidence::policy_of(path, whom, &terms.rego)?);
    }
    terms.trust = trust;
    Ok(terms)
}
