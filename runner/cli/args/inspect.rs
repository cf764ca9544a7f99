//! Arguments of the commands that look at results.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `zwieback show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A recipe, a run, or the digest of an action
    #[arg(value_name = "RECIPE|RUN|ACTION")]
    pub what: String,
}

/// Arguments of `zwieback logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// A recipe (its newest run) or a run
    #[arg(value_name = "RECIPE|RUN")]
    pub what: String,
    /// Only this step
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Run B's log in place of run A's
    #[arg(short)]
    pub b: bool,
}

/// Arguments of `zwieback diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A run (its two trees), or the first of two trees: a folder or a tree's digest
    #[arg(value_name = "RUN|A")]
    pub a: String,
    /// The second tree
    #[arg(value_name = "B")]
    pub b: Option<String>,
}

/// Arguments of `zwieback explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The run, or a recipe (its newest run)
    #[arg(value_name = "RUN|RECIPE")]
    pub run: String,
    /// Write a report with both sides of every difference to a file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}
