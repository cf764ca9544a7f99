//! Arguments of the commands about signatures.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `zwieback verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Files to verify
    #[arg(required = true, value_name = "ARTIFACT")]
    pub artifacts: Vec<PathBuf>,
    /// The bundle with the provenance
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,
    /// The public key of a builder you trust, as PEM
    #[arg(long, value_name = "PUB.pem")]
    pub key: PathBuf,
}

/// Arguments of `zwieback key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// What to do with the key.
    #[command(subcommand)]
    pub action: KeyAction,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Make a signing key (ECDSA P-256); refused if the name is taken
    Generate {
        /// What to call it; `default` is the one that builds use
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Print the public key as PEM
    Show {
        /// The name or the file of a private key, in place of your own
        #[arg(long, value_name = "KEY")]
        key: Option<PathBuf>,
    },
}
