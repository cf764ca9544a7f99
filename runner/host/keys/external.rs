//! The external signer: a command of the user's choice, for a KMS or an agent.
//!
//! The command is started once per request, without a shell, in an empty folder. It reads lines until
//! the end of its stdin, answers with one line on stdout and exits with 0:
//!
//! ```text
//! zwieback-signer v1          zwieback-signer v1
//! public-key                  sign <key id>
//!                             sha256 <the message's digest in hexadecimal digits>
//!                             message <the message in base64>
//!
//! ok <SPKI DER in base64>     ok <signature in base64>
//! ```
//!
//! An ECDSA signature is over the digest and may be DER or raw r and s; an Ed25519 signature is over
//! the message. A refusal is `error <reason>`, or any other exit code with the reason on stderr.

use std::ffi::OsString;

use zwieback_core::attest::public_key::{Algorithm, PublicKey, ecdsa_der};
use zwieback_core::base64;
use zwieback_core::digest::Digest;

use super::error::{ExternalError, GREETING, SignError};
use super::signer::Signer;
use crate::launch::launched::Launch;
use crate::launch::rules::SIGNER;

/// A command that signs.
#[derive(Clone, Debug)]
pub struct ExternalSigner {
    program: Launch,
    public: PublicKey,
}

impl ExternalSigner {
    /// Asks the command for its public key.
    pub fn open(command: &[OsString]) -> Result<Self, ExternalError> {
        let (file, arguments) = command.split_first().ok_or(ExternalError::NoCommand)?;
        let program = Launch::new(file, &SIGNER).arguments(arguments);
        let der = ask(&program, "public-key\n")?;
        Ok(Self {
            program,
            public: PublicKey::from_der(&der)?,
        })
    }
}

impl Signer for ExternalSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let request = format!(
            "sign {}\nsha256 {}\nmessage {}\n",
            self.public.id(),
            Digest::sha256(message),
            base64::encode(message)
        );
        let signature = ask(&self.program, &request)?;
        Ok(match self.public.algorithm() {
            Algorithm::EcdsaP256 => ecdsa_der(signature),
            Algorithm::Ed25519 => signature,
        })
    }
}

fn ask(program: &Launch, request: &str) -> Result<Vec<u8>, ExternalError> {
    let answer = program.ask(format!("{GREETING}\n{request}").as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let line = answer.trim_end();
    if let Some(reason) = line.strip_prefix("error ") {
        return Err(ExternalError::Declined(reason.escape_debug().collect()));
    }
    let bytes = line.strip_prefix("ok ").map(base64::decode);
    match bytes {
        Some(Ok(bytes)) => Ok(bytes),
        _ => Err(ExternalError::Answer(line.chars().take(80).collect())),
    }
}

#[cfg(test)]
#[path = "external_tests.rs"]
mod tests;
