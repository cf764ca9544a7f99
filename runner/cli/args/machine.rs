//! Arguments of the commands about this machine.

use std::path::PathBuf;

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
    Verify {
        /// Remove what is damaged, so that it is fetched or built again
        #[arg(long)]
        repair: bool,
    },
    /// Write all that builds need into a tar, for a machine without a network
    Export {
        /// The file to write; `-` is stdout
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Recipes and toolchains; all of the project's where none is named
        #[arg(value_name = "RECIPE|TOOLCHAIN")]
        names: Vec<String>,
    },
    /// Take in what `store export` wrote, each file checked against its digest
    Import {
        /// The file to read; `-` is stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Delete what no result, no link and no lock of this project needs
    Gc {
        /// Delete results, too, but for those of this project's recipes as they are now
        #[arg(long)]
        results: bool,
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
