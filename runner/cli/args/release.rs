//! Arguments of the commands about releases.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use crate::pipeline::context::keyring::KeyLocator;

/// Which gate.
#[derive(Clone, Debug, Args)]
pub struct GateArgs {
    /// How the gate is set up here, in place of `release.gate` of your configuration
    #[arg(long, value_name = "GATE.toml")]
    pub gate: Option<PathBuf>,
}

/// Who says it, and where it goes.
#[derive(Clone, Debug, Args)]
pub struct SayArgs {
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
    /// The private key to sign with, in place of your own: a name, a file, `pkcs11:…` or `exec:…`
    #[arg(long, value_name = "KEY")]
    pub sign_key: Option<KeyLocator>,
    /// Write the signed statement to a file for `submit`, and nothing to the log
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `zwieback approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The artifact: a file, or its whole SHA-256
    #[arg(value_name = "ARTIFACT")]
    pub artifact: String,
    /// For which environment
    #[arg(long = "for", value_name = "ENV")]
    pub environment: Name,
    /// How many days it counts
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    pub days: u16,
    /// Until when it counts, in place of --days
    #[arg(long, value_name = "TIME", conflicts_with = "days")]
    pub until: Option<Timestamp>,
    /// What there is to say
    #[arg(short = 'm', long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Who says it.
    #[command(flatten)]
    pub say: SayArgs,
}

/// Arguments of `zwieback promote`.
#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// The artifact, a file
    #[arg(value_name = "ARTIFACT")]
    pub artifact: PathBuf,
    /// To which environment
    #[arg(long = "to", value_name = "ENV")]
    pub environment: Name,
    /// Show every rule and how it decides; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Arguments of `zwieback rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub environment: Name,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Arguments of `zwieback revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// What kind of thing
    #[arg(value_enum, value_name = "KIND")]
    pub kind: RevokedKind,
    /// A key as PEM or by its id; a file or its SHA-256; a builder's URI
    #[arg(value_name = "WHICH")]
    pub which: String,
    /// Since when; what a key signed before, by trusted time, goes on to count
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Show what it would reach; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Who says it.
    #[command(flatten)]
    pub say: SayArgs,
}

/// What can be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RevokedKind {
    /// A key of a person, a builder or the gate.
    Key,
    /// An artifact.
    Artifact,
    /// A builder.
    Builder,
    /// A source or any other input of builds.
    Source,
}

/// Arguments of `zwieback break-glass`.
#[derive(Debug, Args)]
pub struct BreakGlassArgs {
    /// The artifact: a file, or its whole SHA-256
    #[arg(value_name = "ARTIFACT")]
    pub artifact: String,
    /// In which environment
    #[arg(long = "in", value_name = "ENV")]
    pub environment: Name,
    /// Which rules do not hold: each by its whole name, as `promote --dry-run` shows it
    #[arg(long, required = true, value_delimiter = ',', value_name = "RULE")]
    pub scope: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// For how many hours
    #[arg(long, value_name = "N", required_unless_present = "until", value_parser = clap::value_parser!(u16).range(1..))]
    pub hours: Option<u16>,
    /// Until when, in place of --hours
    #[arg(long, value_name = "TIME", conflicts_with = "hours")]
    pub until: Option<Timestamp>,
    /// Who says it.
    #[command(flatten)]
    pub say: SayArgs,
}

/// Arguments of `zwieback attest`.
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// What to state.
    #[command(subcommand)]
    pub what: AttestWhat,
}

/// What can be stated.
#[derive(Debug, Subcommand)]
pub enum AttestWhat {
    /// How the tests of an artifact ended
    Test {
        /// The artifact: a file, or its whole SHA-256
        #[arg(value_name = "ARTIFACT")]
        artifact: String,
        /// How they ended
        #[arg(long, value_enum)]
        result: TestWord,
        /// What was run: a file, named in the statement with its digest
        #[arg(long, value_name = "FILE")]
        suite: PathBuf,
        /// Who says it.
        #[command(flatten)]
        say: SayArgs,
    },
    /// Who changed a source: those cannot approve what is built from it
    Authors {
        /// The source: a file, or its whole SHA-256 as `trace` shows it
        #[arg(value_name = "SOURCE")]
        source: String,
        /// A person, as the policy names them (can be repeated)
        #[arg(
            long = "author",
            value_name = "NAME",
            required_unless_present = "withdrawn"
        )]
        authors: Vec<Name>,
        /// A person who after all did not change it: takes back what was said (can be repeated)
        #[arg(long = "withdraw", value_name = "NAME")]
        withdrawn: Vec<Name>,
        /// Who says it.
        #[command(flatten)]
        say: SayArgs,
    },
}

/// How tests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestWord {
    /// All passed.
    Passed,
    /// All passed, with warnings.
    Warned,
    /// Not all passed.
    Failed,
}

/// Arguments of `zwieback submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// Bundles that others have signed: provenance, rechecks, approvals
    #[arg(required = true, value_name = "BUNDLE")]
    pub bundles: Vec<PathBuf>,
    /// The public key of a signer whom the policy does not know, as PEM (can be repeated)
    #[arg(long = "key", value_name = "PUB.pem")]
    pub keys: Vec<PathBuf>,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Arguments of `zwieback status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Arguments of `zwieback trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// The artifact: a file, or the beginning of its SHA-256
    #[arg(value_name = "ARTIFACT")]
    pub artifact: String,
    /// List the packages of toolchains as well, each with its digest
    #[arg(long)]
    pub inputs: bool,
    /// As a graph for Graphviz
    #[arg(long, conflicts_with = "inputs")]
    pub dot: bool,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Arguments of `zwieback explain-decision`.
#[derive(Debug, Args)]
pub struct ExplainDecisionArgs {
    /// The entry of the log that records the decision
    #[arg(value_name = "N")]
    pub index: u64,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Arguments of `zwieback watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The environments; all that have a target here or where something is deployed if none is named
    #[arg(value_name = "ENV")]
    pub environments: Vec<Name>,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}
