//! Why something is not signed: by an external signer, by a token, or at all.

use std::io;
use std::path::PathBuf;

use zwieback_attest::public_key::{Algorithm, PublicKeyError, SignatureError};

use crate::launch::error::LaunchError;

/// The first line of what an external signer is asked, unless it has said that it speaks the next version.
pub(super) const GREETING: &str = "zwieback-signer v1";
/// The first line of what such a signer is asked.
pub(super) const GREETING_V2: &str = "zwieback-signer v2";
/// The program that talks to tokens.
pub(super) const TOOL: &str = "pkcs11-tool";

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The external signer did not sign.
    #[error(transparent)]
    External(#[from] ExternalError),
    /// The token did not sign.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11Error),
    /// The use of the key could not be recorded, and so it was not used.
    #[error(transparent)]
    Record(#[from] UsesError),
    /// What came back is no signature by the key.
    #[error("what the signer returned does not verify: {0}")]
    Unconfirmed(#[from] SignatureError),
}

/// Why an external signer did not sign.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// There is nothing to run.
    #[error("the command of the external signer is empty")]
    NoCommand,
    /// The command did not answer.
    #[error(transparent)]
    Program(#[from] LaunchError),
    /// The command declined.
    #[error("the external signer declined: {0}")]
    Declined(String),
    /// The answer is none of the protocol's.
    #[error("the external signer answered {0:?}, `ok <base64>` is expected")]
    Answer(String),
    /// It speaks a version of the protocol that is not known here.
    #[error("the external signer speaks {0:?}, v1 and v2 are known")]
    Version(String),
    /// The answer holds no public key we take.
    #[error("the external signer's key: {0}")]
    Key(#[from] PublicKeyError),
}

/// Why a token did not sign.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs11Error {
    /// The program did not answer.
    #[error("the token did not answer: {0}")]
    Program(#[from] LaunchError),
    /// The PIN's file cannot be read.
    #[error("cannot read the PIN from {path}: {source}")]
    Pin {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The label is that of no key, or of several.
    #[error("the token has {found} keys labelled {label:?}, exactly one is expected")]
    Label {
        /// The label.
        label: String,
        /// How many have it.
        found: usize,
    },
    /// The token's object is no key we take.
    #[error("the token's key: {0}")]
    Key(#[from] PublicKeyError),
    /// The token has a key of that name, and a key is never overwritten.
    #[error("the token has a key {0:?} already")]
    Exists(String),
    /// A new key needs a label by which it is found again.
    #[error("the URI of a new key needs `object`, its label")]
    NoLabel,
    /// The system gave no randomness.
    #[error("no randomness from the system: {0}")]
    Random(#[from] getrandom::Error),
    /// A token's Ed25519 key cannot be read through the program.
    #[error("the token's key is {0}, only ecdsa-p256 can be used in a token")]
    Algorithm(Algorithm),
}

/// Why a use of a key could not be recorded or read.
#[derive(Debug, thiserror::Error)]
pub enum UsesError {
    /// A system call failed.
    #[error("cannot {what} the record of what keys sign, {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No regular file, or one that others can write.
    #[error("the record of what keys sign, {}, is no file that you alone can write", .0.display())]
    NotOwn(PathBuf),
    /// A line that no zwieback wrote.
    #[error("line {line} of {} is no use of a key", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
}

impl SignError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::External(error) => error.hint(),
            Self::Pkcs11(error) => error.hint(),
            Self::Record(error) => error.hint(),
            Self::Unconfirmed(_) => {
                Some("the signer's public key may be that of another key: ask it again".into())
            }
        }
    }
}

impl ExternalError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Answer(_) => Some(format!(
                "the command must speak `{GREETING}`, one line per answer"
            )),
            Self::Key(error) => error.hint(),
            Self::Program(error) => error.hint(),
            Self::NoCommand | Self::Declined(_) | Self::Version(_) => None,
        }
    }
}

impl Pkcs11Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Program(LaunchError::Absent { .. }) => {
                Some(format!("`{TOOL}` comes with the package opensc"))
            }
            Self::Program(_) => Some(format!(
                "`{TOOL} --module MODULE --list-objects` shows what the token holds"
            )),
            Self::Key(error) => error.hint(),
            Self::Label { .. } => Some("name the key by `id=%…` in the URI".into()),
            Self::Exists(_) => Some("choose another `object`, and rotate to it".into()),
            Self::Pin { .. } | Self::Algorithm(_) | Self::NoLabel | Self::Random(_) => None,
        }
    }
}

impl UsesError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotOwn(path) => Some(format!(
                "look at what is there, and `chmod 600 {}`: nothing is signed without a record",
                path.display()
            )),
            Self::Line { .. } => Some("someone has edited it: keep it, and ask who".into()),
            Self::Io { .. } => None,
        }
    }
}
