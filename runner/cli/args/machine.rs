//! Arguments of the commands about this machine.

use clap::{Args, Subcommand};
use clap_complete::Shell;

/// Arguments of `zwieback doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// Arguments of `zwieback store`.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// What to do with the store.
    #[command(subcommand)]
    pub action: StoreAction,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum StoreAction {
    /// Print the store's folder, or the folder of a tree in it
    Path {
        /// A recipe or a tree's digest
        #[arg(value_name = "RECIPE|DIGEST")]
        what: Option<String>,
    },
    /// List what the store holds
    Ls,
    /// Read everything again and compare with its digests
    Verify,
    /// Delete what no result and no lock of this project needs
    Gc {
        /// Only say what would go
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}

/// Arguments of `zwieback completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}
