//! The external signer: a command of the user's choice, for a KMS or an agent.
//!
//! The command is started once per request, without a shell, in an empty folder. It reads lines until
//! the end of its stdin, answers with one line on stdout and exits with 0:
//!
//! ```text
//! zwieback-signer v1             zwieback-signer v2
//! public-key                     sign <fingerprint of the key>
//!                                sha256 <the message's digest in hexadecimal digits>
//!                                purpose <what is signed, as JSON>
//!                                message <the message in base64>
//!
//! ok <SPKI DER in base64> v2     ok <signature in base64>
//! ```
//!
//! The command says which version it speaks, with its key, and nothing is ever tried twice in another
//! version. Without `v2` there it speaks v1: the greeting says so, there is no line `purpose`, and the key
//! has the name it had when v1 was written.
//!
//! An ECDSA signature is over the digest and may be DER or raw r and s; an Ed25519 signature is over
//! the message. A refusal is `error <reason>`, or any other exit code with the reason on stderr.

use std::ffi::OsString;

use zwieback_attest::public_key::{Algorithm, PublicKey, ecdsa_der};
use zwieback_attest::purpose::Purpose;
use zwieback_model::base64;

use super::error::{ExternalError, GREETING, GREETING_V2, SignError};
use super::signer::Signer;
use crate::launch::launched::Launch;
use crate::launch::rules::SIGNER;

/// A command that signs.
#[derive(Clone, Debug)]
pub struct ExternalSigner {
    program: Launch,
    public: PublicKey,
    version: Version,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl ExternalSigner {
    /// Asks the command for its public key.
    pub fn open(command: &[OsString]) -> Result<Self, ExternalError> {
        let (file, arguments) = command.split_first().ok_or(ExternalError::NoCommand)?;
        let program = Launch::new(file, &SIGNER).arguments(arguments);
        let answer = ask(&program, &format!("{GREETING}\npublic-key\n"))?;
        let (key, version) = match answer.split_once(' ') {
            None => (answer.as_str(), Version::One),
            Some((key, "v2")) => (key, Version::Two),
            Some((_, other)) => return Err(ExternalError::Version(shown(other))),
        };
        Ok(Self {
            program,
            public: PublicKey::from_der(&decoded(key)?)?,
            version,
        })
    }
}

impl Signer for ExternalSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = decoded(&ask(&self.program, &self.request(message))?)?;
        Ok(match self.public.algorithm() {
            Algorithm::EcdsaP256 => ecdsa_der(signature),
            Algorithm::Ed25519 => signature,
        })
    }
}

impl ExternalSigner {
    fn request(&self, message: &[u8]) -> String {
        let (id, purpose) = (self.public.id(), Purpose::of(message));
        let (digest, message) = (purpose.digest, base64::encode(message));
        match self.version {
            Version::One => {
                let name = id.former_name();
                format!("{GREETING}\nsign {name}\nsha256 {digest}\nmessage {message}\n")
            }
            Version::Two => {
                let purpose = purpose.to_line();
                format!(
                    "{GREETING_V2}\nsign {id}\nsha256 {digest}\npurpose {purpose}\nmessage {message}\n"
                )
            }
        }
    }
}

/// What follows the `ok` of an answer.
fn ask(program: &Launch, request: &str) -> Result<String, ExternalError> {
    let answer = program.ask(request.as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let line = answer.trim_end();
    if let Some(reason) = line.strip_prefix("error ") {
        return Err(ExternalError::Declined(reason.escape_debug().collect()));
    }
    let answer = line.strip_prefix("ok ").map(str::to_owned);
    answer.ok_or_else(|| ExternalError::Answer(shown(line)))
}

fn decoded(answer: &str) -> Result<Vec<u8>, ExternalError> {
    base64::decode(answer).map_err(|_| ExternalError::Answer(shown(&format!("ok {answer}"))))
}

fn shown(answer: &str) -> String {
    answer.chars().take(80).collect()
}

#[cfg(test)]
#[path = "external_tests.rs"]
mod tests;
