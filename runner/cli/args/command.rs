//! The list of commands, in the order of the help text.

use clap::Subcommand;

use super::build::{BuildArgs, FetchArgs, InitArgs, LockArgs, PlanArgs, ShellArgs};
use super::inspect::{DiffArgs, ExplainArgs, LogsArgs, ShowArgs};
use super::key::KeyArgs;
use super::machine::{CompletionsArgs, DoctorArgs, StoreArgs};
use super::trust::{PolicyArgs, RecheckArgs, VerifyArgs};

/// One command and its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build recipes twice, compare every byte and sign the result
    Build(BuildArgs),
    /// Pin every input of recipes and toolchains by digest
    Lock(LockArgs),
    /// Fetch what the locks name into the store
    Fetch(FetchArgs),
    /// Show what a build would do
    Plan(PlanArgs),
    /// Enter the sandbox as a step sees it, or run a command in it
    Shell(ShellArgs),
    /// Write a new recipe
    Init(InitArgs),
    /// Show what is known of a recipe's last build
    Show(ShowArgs),
    /// Compare two trees, runs or folders
    Diff(DiffArgs),
    /// Explain why a build was not reproducible
    Explain(ExplainArgs),
    /// Print what the steps of a run printed
    Logs(LogsArgs),
    /// Verify artifacts against their signed provenance
    Verify(VerifyArgs),
    /// Build again what a bundle says, on this machine, and compare
    Recheck(RecheckArgs),
    /// Make signing keys and say whom to trust
    Key(KeyArgs),
    /// Test a policy, or show how it decides
    Policy(PolicyArgs),
    /// Check what this machine can enforce
    Doctor(DoctorArgs),
    /// Look after the store
    Store(StoreArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}
