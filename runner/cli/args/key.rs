//! Arguments of `zwieback key`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use zwieback_core::timestamp::Timestamp;

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
    /// Make a signing key; refused if the name is taken
    Generate {
        /// What to call it; `default` is the one that builds use
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// What kind of key; logs and witnesses need Ed25519
        #[arg(long, value_enum, default_value_t = KeyKind::EcdsaP256)]
        kind: KeyKind,
    },
    /// Print the public key as PEM
    Show {
        /// The name or the file of a private key, in place of your own
        #[arg(long, value_name = "KEY")]
        key: Option<PathBuf>,
        /// As one line of base64, which is how policies write keys
        #[arg(long)]
        base64: bool,
    },
    /// List your own keys, or those of a trust root
    List {
        /// A signed trust root
        #[arg(long, value_name = "ROOT")]
        root: Option<PathBuf>,
    },
    /// Trust a public key in a trust root, which is made if it is not there
    Trust(TrustKeyArgs),
    /// Put a new key in the place of an old one
    Rotate {
        /// What to change, and who signs.
        #[command(flatten)]
        change: ChangeArgs,
        /// The public key that goes, as PEM
        #[arg(value_name = "OLD.pem")]
        old: PathBuf,
        /// The public key that comes, as PEM
        #[arg(value_name = "NEW.pem")]
        new: PathBuf,
    },
    /// Stop believing a key
    Revoke {
        /// What to change, and who signs.
        #[command(flatten)]
        change: ChangeArgs,
        /// The public key, as PEM
        #[arg(value_name = "PUB.pem")]
        key: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Since when; what was signed before, by trusted time, goes on to count
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
    },
    /// Write the public keys of a trust root to a folder, for other tools
    Export {
        /// The signed trust root
        #[arg(long, value_name = "ROOT")]
        root: PathBuf,
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// What kind of key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyKind {
    /// ECDSA on the curve P-256, which every verifier takes.
    EcdsaP256,
    /// Ed25519.
    Ed25519,
}

/// Arguments of `zwieback key trust`.
#[derive(Debug, Args)]
pub struct TrustKeyArgs {
    /// What to change, and who signs.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// The public key, as PEM; or the certificate of a time stamp authority
    #[arg(value_name = "PUB.pem")]
    pub key: PathBuf,
    /// The builder it speaks for
    #[arg(long, value_name = "URI", required_unless_present_any = ["verifier", "time_stamper"])]
    pub builder: Option<String>,
    /// Who runs the builder: two builders of one operator are not independent
    #[arg(long, value_name = "NAME", requires = "builder")]
    pub operator: Option<String>,
    /// The SLSA build level it may vouch for
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub level: u8,
    /// The verifier whose summaries it signs, in place of a builder
    #[arg(long, value_name = "URI", conflicts_with = "builder")]
    pub verifier: Option<String>,
    /// The file is the certificate of a time stamp authority
    #[arg(long, conflicts_with_all = ["builder", "verifier"])]
    pub time_stamper: bool,
    /// How many days a new trust root is good for
    #[arg(long, value_name = "N", default_value_t = 365)]
    pub days: u32,
}

/// Which root to change, and who signs the next.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// The signed trust root; the one before stays beside it, with its version in its name
    #[arg(long, value_name = "ROOT")]
    pub root: PathBuf,
    /// A private key of its quorum, old or new (can be repeated); your own if none is named
    #[arg(long = "sign-key", value_name = "KEY")]
    pub sign_keys: Vec<PathBuf>,
}
