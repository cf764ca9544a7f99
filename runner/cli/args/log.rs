//! Arguments of `zwieback log`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zwieback_host::keys::locator::KeyLocator;

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
}
