//! Arguments of `zwieback key`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use zwieback_model::timestamp::Timestamp;

use crate::pipeline::context::keyring::KeyLocator;
use crate::pipeline::trust::own_keys::Algorithm;

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
    Generate(GenerateArgs),
    /// Print the public key as PEM
    Show {
        /// The key, in place of your own: a name, a file, `pkcs11:…` or `exec:…`
        #[arg(long, value_name = "KEY")]
        key: Option<KeyLocator>,
        /// As one line of base64, which is how policies write keys
        #[arg(long)]
        base64: bool,
    },
    /// Print what your keys have signed on this machine, a line each
    Uses,
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
    /// Stop believing a key, or a time stamp authority
    Revoke {
        /// What to change, and who signs.
        #[command(flatten)]
        change: ChangeArgs,
        /// The public key, as PEM; or the certificate of a time stamp authority
        #[arg(value_name = "PUB.pem")]
        key: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Since when; what was signed before, by trusted time, goes on to count
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
    },
    /// Say who keeps the trust root, and how many of them must sign the next
    Keepers {
        /// What to change, and who signs.
        #[command(flatten)]
        change: ChangeArgs,
        /// How many of the keepers must sign
        #[arg(long, value_name = "N")]
        threshold: usize,
        /// The public key of every keeper, as PEM
        #[arg(value_name = "PUB.pem", required = true)]
        keys: Vec<PathBuf>,
    },
    /// Make the trust root good for longer
    Renew {
        /// What to change, and who signs.
        #[command(flatten)]
        change: ChangeArgs,
        /// For how many days from now
        #[arg(long, value_name = "N", default_value_t = 365)]
        days: u32,
    },
    /// Sign what another keeper has drafted; with enough signatures it is in force
    Sign {
        /// The signed trust root that it follows
        #[arg(long, value_name = "ROOT")]
        root: PathBuf,
        /// A private key of the quorum, old or new (can be repeated); your own if none is named
        #[arg(long = "sign-key", value_name = "KEY")]
        sign_keys: Vec<KeyLocator>,
        /// Show what it would change, and sign nothing
        #[arg(long, conflicts_with = "sign_keys")]
        check: bool,
        /// The draft
        #[arg(value_name = "DRAFT")]
        draft: PathBuf,
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

/// Arguments of `zwieback key generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// What to call it; `default` is the one that builds use
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// What kind of key; logs and witnesses need Ed25519
    #[arg(long, value_enum, default_value_t)]
    pub kind: KeyKind,
    /// Encrypt its file with a passphrase, which is asked for or read from `sign.passphrase_file`
    #[arg(long)]
    pub encrypt: bool,
    /// Make it in a token, which never gives it away (RFC 7512)
    #[arg(long, value_name = "URI", conflicts_with_all = ["name", "kind", "encrypt"])]
    pub pkcs11: Option<String>,
}

/// What kind of key to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum KeyKind {
    /// ECDSA over P-256: every verifier takes it
    #[default]
    EcdsaP256,
    /// Ed25519
    Ed25519,
}

impl From<KeyKind> for Algorithm {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::EcdsaP256 => Self::EcdsaP256,
            KeyKind::Ed25519 => Self::Ed25519,
        }
    }
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
    /// Who runs the builder: builders of one operator are not independent of each other, and one whose
    /// operator is not named is independent of none
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
    pub sign_keys: Vec<KeyLocator>,
    /// Where the change waits, if keepers elsewhere have to sign it too
    #[arg(long, value_name = "FILE")]
    pub draft: Option<PathBuf>,
}
