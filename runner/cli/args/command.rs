//! The list of commands, in the order of the help text.

use clap::Subcommand;

use super::build::{BuildArgs, FetchArgs, InitArgs, LockArgs, PlanArgs, ShellArgs};
use super::inspect::{DiffArgs, ExplainArgs, LogsArgs, ShowArgs};
use super::key::KeyArgs;
use super::log::LogArgs;
use super::machine::{CompletionsArgs, DoctorArgs, StoreArgs};
use super::release::{
    ApproveArgs, AttestArgs, BreakGlassArgs, ExplainDecisionArgs, PromoteArgs, RevokeArgs,
    RollbackArgs, StatusArgs, SubmitArgs, TraceArgs, WatchArgs,
};
use super::trust::{BundleArgs, PolicyArgs, RecheckArgs, SignArgs, VerifyArgs};

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
    /// Sign what was built with --unsigned, after comparing it once more
    Sign(SignArgs),
    /// Verify artifacts against their signed provenance
    Verify(VerifyArgs),
    /// Build again what a bundle says, on this machine, and compare
    Recheck(RecheckArgs),
    /// Make signing keys and say whom to trust
    Key(KeyArgs),
    /// Sign or test a policy, show how it decides, or put one in force
    Policy(PolicyArgs),
    /// Take over what other tools signed, or write it in their form
    Bundle(BundleArgs),
    /// Show every environment: what is there, whether it may stay, what is pending
    Status(StatusArgs),
    /// Show where an artifact comes from and where it went
    Trace(TraceArgs),
    /// Approve one artifact for one environment
    Approve(ApproveArgs),
    /// Let an artifact into an environment, if its policy agrees
    Promote(PromoteArgs),
    /// Return an environment to the newest release that verifies now
    Rollback(RollbackArgs),
    /// Stop believing in a key, an artifact, a builder or a source
    Revoke(RevokeArgs),
    /// Let rules pass for one artifact, for a reason and for a while
    BreakGlass(BreakGlassArgs),
    /// State how tests ended, or who changed a source
    Attest(AttestArgs),
    /// Put what others have signed into the log
    Submit(SubmitArgs),
    /// Look at what is deployed, and roll back what must not stay
    Watch(WatchArgs),
    /// Repeat a decision from the log alone
    ExplainDecision(ExplainDecisionArgs),
    /// Look after the log of all that was said
    Log(LogArgs),
    /// Check what this machine can enforce
    Doctor(DoctorArgs),
    /// Look after the store
    Store(StoreArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether the verdict of a verification is what is asked for.
    pub fn asks_for_verdict(&self) -> bool {
        matches!(
            self,
            Self::Sign(_) | Self::Verify(_) | Self::Recheck(_) | Self::Policy(_) | Self::Bundle(_)
        )
    }
}
