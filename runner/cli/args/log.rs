//! Arguments of `zwieback log`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zwieback_model::manifest::quantity::Seconds;

use super::release::GateArgs;
use crate::pipeline::context::keyring::KeyLocator;

/// Arguments of `zwieback log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// What to do with the log.
    #[command(subcommand)]
    pub action: LogAction,
}

/// What to do with a log.
#[derive(Debug, Subcommand)]
pub enum LogAction {
    /// Make an empty log; its key is printed as others will name it
    Init {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What to call it, for ever: an address without a scheme, such as log.example/releases
        #[arg(long, value_name = "NAME")]
        name: String,
        /// An Ed25519 key, a name, a file or `exec:…`; one called `log` is made if none is named
        #[arg(long, value_name = "KEY")]
        sign_key: Option<KeyLocator>,
    },
    /// Append signed bundles as they are; whether they count is decided by whoever reads them
    Add(AddArgs),
    /// Print the proof that an entry is in the log (a C2SP tlog-proof), or its bundle with it
    Prove(ProveArgs),
    /// Check every entry, the tree over them and the checkpoint
    Verify(ReadArgs),
    /// Vouch, as a witness, that the log only grew since the last time
    Witness(WitnessArgs),
    /// Publish what witnesses elsewhere have vouched for
    Take(TakeArgs),
    /// Check that the log only grew since the last time, and print what is new
    Monitor(ReadArgs),
    /// Say, as a keeper of the policy, that the log was put back from a backup, so that readers who saw
    /// more of it can go on; what it gives up is shown first
    Restore(RestoreArgs),
    /// Print the entries: who said what, when, and what came of it
    Show {
        /// Print them as they are, of this folder or address; what came of them takes a gate
        #[arg(value_name = "LOG", conflicts_with = "gate")]
        log: Option<String>,
        /// Which gate.
        #[command(flatten)]
        gate: GateArgs,
    },
}

/// Arguments of `zwieback log add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The log's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Signed bundles
    #[arg(required = true, value_name = "BUNDLE")]
    pub bundles: Vec<PathBuf>,
    /// The public keys that signed them, as PEM (can be repeated)
    #[arg(long, required = true, value_name = "PUB.pem")]
    pub key: Vec<PathBuf>,
    /// The key of the log, a name or a file, in place of the one called `log`
    #[arg(long, value_name = "KEY")]
    pub sign_key: Option<KeyLocator>,
    /// Write the proof into each bundle's own file
    #[arg(long)]
    pub in_place: bool,
}

/// Arguments of `zwieback log prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The log's folder or address
    #[arg(value_name = "LOG")]
    pub log: String,
    /// The entry
    #[arg(value_name = "INDEX")]
    pub index: u64,
    /// Print the entry's bundle with the proof in it, for `verify` and for Sigstore's clients
    #[arg(long)]
    pub bundle: bool,
    /// Write to a file in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A log and why it is believed.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// The log's folder or address
    #[arg(value_name = "LOG")]
    pub log: String,
    /// Why it is believed.
    #[command(flatten)]
    pub belief: BeliefArgs,
    /// Where to remember what was seen, in place of a file of your own for this log
    #[arg(long, value_name = "FILE")]
    pub memory: Option<PathBuf>,
}

/// Arguments of `zwieback log witness`.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    /// The log's folder or address
    #[arg(value_name = "LOG")]
    pub log: String,
    /// The log's key, as `log init` prints it
    #[arg(long, value_name = "KEY")]
    pub signed_by: String,
    /// The name of the witness, as policies have it
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// The Ed25519 key of the witness, a name or a file
    #[arg(long, value_name = "KEY")]
    pub sign_key: KeyLocator,
    /// Where the witness remembers what it vouched for, in place of a file of its own for this log
    #[arg(long, value_name = "FILE")]
    pub memory: Option<PathBuf>,
    /// Write the cosigned checkpoint to a file, and nothing to the log
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `zwieback log take`.
#[derive(Debug, Args)]
pub struct TakeArgs {
    /// The log's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Checkpoints that witnesses have cosigned
    #[arg(required = true, value_name = "CHECKPOINT")]
    pub checkpoints: Vec<PathBuf>,
    /// Whose word is taken.
    #[command(flatten)]
    pub belief: BeliefArgs,
}

/// Arguments of `zwieback log restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// For how many days readers take it
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=30))]
    pub days: u16,
    /// What other readers remember: the file `seen` of their memory of this log (can be repeated)
    #[arg(long, value_name = "CHECKPOINT")]
    pub seen: Vec<PathBuf>,
    /// Show what would be given up, and say nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Your key, in place of your own default: a name, a file, `pkcs11:…` or `exec:…`
    #[arg(long, value_name = "KEY")]
    pub sign_key: Option<KeyLocator>,
    /// Which gate.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// Why a log is believed.
#[derive(Clone, Debug, Args)]
pub struct BeliefArgs {
    /// By its own key, as `log init` prints it
    #[arg(
        long,
        value_name = "KEY",
        conflicts_with = "witnesses",
        required_unless_present = "witnesses"
    )]
    pub signed_by: Option<String>,
    /// By a file with its key, its witnesses and their quorum (C2SP's tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub witnesses: Option<PathBuf>,
    /// How old the word of its witnesses may be, such as `1 h`
    #[arg(long, value_name = "TIME", requires = "witnesses")]
    pub max_age: Option<Seconds>,
}
